"""Box pushing in rooms that look different: what is changed, where things stand, what counts as background."""

import colorsys
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.environment import BoxPush
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.environments.box_push.scene import build_model
from coral_cli.environments.distractions.room import Room
from coral_cli.environments.rendering import make_renderer
from coral_cli.plugin import Rendering

ALL = 18  # places for things


def started(objects=ALL, seed=0, backend="raycast", size=16, reset=1):
    """An environment in its first frame, in a room of its own."""
    env = BoxPush(BoxPushOptions(), Rendering(size, size, backend=backend))
    room = Room(objects, True, True, "training")
    room.begin(np.random.default_rng(seed), env.scene)
    env.scene.prepare = lambda: room.prepare(env.scene)
    env.reset(seed=reset)
    return env


def rooms(split, count):
    """An environment's model and data, in one room after the other."""
    env, room = BoxPush(BoxPushOptions(), Rendering(8, 8)), Room(ALL, True, True, split)
    env.reset(seed=0)
    for seed in range(count):
        room.begin(np.random.default_rng(seed), env.scene)
        room.prepare(env.scene)
        mujoco.mj_forward(env.scene.model, env.data)
        yield env.scene.model, env.data
    env.close()


def shown(model):
    return [g for g in range(model.ngeom) if model.geom(g).name.startswith("clutter") and model.geom_rgba[g, 3] > 0]


def gap(model, data, one, two):
    return mujoco.mj_geomDistance(model, data, one, two, 5.0, None)


def height(model, geom):
    """From an upright shape's centre to its lowest point."""
    kind, size = mujoco.mjtGeom(model.geom_type[geom]).name, model.geom_size[geom]
    return {
        "mjGEOM_BOX": size[2], "mjGEOM_ELLIPSOID": size[2], "mjGEOM_CYLINDER": size[1], "mjGEOM_SPHERE": size[0],
        "mjGEOM_CAPSULE": size[0] + size[1],
    }[kind]  # fmt: skip


def test_things_stand_on_the_table_apart_from_each_other_and_from_where_the_tray_may_be():
    for model, data in rooms("training", 12):
        table = model.geom("table").id
        top = data.geom_xpos[table, 2] + model.geom_size[table, 2]
        tray = [g for g in range(model.ngeom) if model.geom_bodyid[g] == model.body("tray").id]
        things = shown(model)
        assert len(things) == ALL
        for index, thing in enumerate(things):
            w, _, _, z = model.geom_quat[thing]
            yaw = 2 * np.arctan2(z, w)
            assert data.geom_xmat[thing, :2] == pytest.approx([np.cos(yaw), -np.sin(yaw)])
            assert data.geom_xpos[thing, 2] - height(model, thing) == pytest.approx(top, abs=1e-9)
            assert all(gap(model, data, thing, other) > 0 for other in things[:index])
        for x, y in ((0.3, -0.45), (0.3, 0.45), (0.6, -0.45), (0.6, 0.45)):
            data.qpos[7:10] = x, y, -0.01
            mujoco.mj_forward(model, data)
            assert min(gap(model, data, thing, part) for thing in things for part in tray) > 0.02


@pytest.mark.parametrize("objects", [0, 5])
def test_as_many_things_are_seen_as_asked_for_and_none_touches_anything(objects):
    env = started(objects=objects)
    things = shown(env.scene.model)
    assert len(things) == objects
    assert (env.scene.model.geom_contype[things] == 0).all() and (env.scene.model.geom_conaffinity[things] == 0).all()
    env.close()


def test_things_hide_neither_tray_nor_target(backend):
    for seed in range(2):
        counts = []
        for objects in (0, ALL):
            env = started(objects=objects, seed=seed, backend=backend, size=48, reset=seed)
            shapes, model = env.scene.renderer.segment(env.data, env.scene.camera), env.scene.model
            bodies = np.append(model.geom_bodyid, -1)[shapes]
            counts.append([(bodies == model.body(name).id).sum() for name in ("tray", "target")])
            seen = len(set(np.unique(shapes)) & set(shown(model)))
            assert seen >= ALL // 2 if objects else seen == 0
            env.close()
        assert counts[0] == counts[1] and min(counts[0]) > 5


def hues_and_patterns(split):
    hues, patterns = [], set()
    for model, _ in rooms(split, 25):
        surfaces = [model.geom(name).id for name in ("table", "ground")]
        patterns |= {model.mat(int(model.geom_matid[geom])).name for geom in surfaces}
        rgba = [*model.geom_rgba[shown(model)], *model.geom_rgba[surfaces], model.mat("arm").rgba]
        assert (np.array(rgba)[:, 3] == 1).all()
        hues += [colorsys.rgb_to_hsv(*color[:3])[0] for color in rgba if np.ptp(color[:3]) > 0.02]
    return np.array(hues), patterns


def test_evaluation_shows_colours_and_patterns_that_training_never_does():
    (hues, patterns), (unseen_hues, unseen_patterns) = hues_and_patterns("training"), hues_and_patterns("evaluation")
    assert len(patterns) == len(unseen_patterns) == 4 and not patterns & unseen_patterns
    # Arcs of 30 degrees take turns; float32 colours blur their ends a little.
    place, unseen_place = (12 * hues) % 2, (12 * unseen_hues) % 2
    assert ((place < 1.01) | (place > 1.99)).all()
    assert ((unseen_place > 0.99) | (unseen_place < 0.01)).all()
    assert len(set((6 * hues).astype(int))) == 6


def test_an_undistracted_image_and_the_physics_are_as_if_there_were_no_places_for_things(backend, tmp_path):
    path = str(tmp_path / "scene.xml")
    mujoco.mj_saveLastXML(path, build_model())
    tree = ElementTree.parse(path)
    ElementTree.indent(tree)
    world = tree.getroot().find("worldbody")
    results = []
    for bare in (False, True):
        if bare:
            places = [geom for geom in world.findall("geom") if geom.get("name", "").startswith("clutter")]
            assert len(places) == ALL
            for geom in places:
                world.remove(geom)
        model = mujoco.MjModel.from_xml_string(ElementTree.tostring(tree.getroot(), encoding="unicode"))
        data = mujoco.MjData(model)
        data.qpos[:7] = 0, 0.6, 0, -2.1, 0, 2.4, 0.785
        data.qpos[7:10] = 0.5, 0.05, -0.01
        mujoco.mj_step(model, data, 100)
        assert data.ncon
        renderer = make_renderer(model, 32, 32, "fast", backend)
        images = [renderer.render(data, camera) for camera in (0, 1)]
        renderer.close()
        results.append((np.array(images), data.qpos.copy(), data.qacc.copy()))
    for with_places, without in zip(*results, strict=True):
        assert (with_places == without).all()


def test_the_ground_is_background_and_the_table_is_floor(backend):
    """Arm, tray, target and things are neither."""
    env = started(backend=backend, size=64)
    model = env.scene.model
    shapes = env.scene.renderer.segment(env.data, env.scene.camera)
    ground, table = (shapes == model.geom(name).id for name in ("ground", "table"))
    assert ground.mean() > 0.1 and table.mean() > 0.3 and (ground | table).mean() < 0.97
    assert (env.scene.background(floor=False) == (ground | (shapes < 0))).all()
    assert (env.scene.background(floor=True) == (ground | table | (shapes < 0))).all()
    env.close()
