"""Which shape each pixel shows, and what is background."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering import make_renderer
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.environments.rendering.views import Views
from coral_cli.plugin import Rendering

BACKEND = select_backend()
needs_opengl = pytest.mark.skipif(BACKEND == "raycast", reason="no OpenGL on this machine")
RECORDS = {record.name: record for record in ENVIRONMENTS}

SHAPES = """
<mujoco><statistic extent="1"/>
<asset><material name="air" rgba="1 1 1 0"/><material name="red" rgba="1 0 0 1"/></asset>
<worldbody>
  <camera pos="0 0 1" fovy="40"/>
  <geom type="box" size=".1 .1 .01" pos="-.2 .2 0" rgba="1 0 0 1"/>
  <geom type="box" size=".1 .1 .01" pos=".2 .2 0" rgba="1 0 0 .2"/>
  <geom type="box" size=".1 .1 .01" pos="-.2 -.2 0" rgba="1 0 0 0"/>
  <geom type="box" size=".1 .1 .01" pos=".2 -.2 0" rgba="1 0 0 1" group="4"/>
  <geom type="box" size=".05 .05 .01" pos="-.2 .2 -.2" rgba="0 1 0 1"/>
  <geom type="box" size=".1 .1 .01" pos="0 .2 .1" material="air"/>
  <geom type="box" size=".1 .1 .01" pos="0 -.2 .1" material="red" rgba="0 0 0 0"/>
  <site type="box" size=".3 .3 .01" pos="0 0 .2" group="4"/>
  <site type="box" size=".02 .02 .01" pos="0 0 .1"/>
  <site type="box" size=".02 .02 .01" pos=".2 .2 -.1"/>
</worldbody></mujoco>
"""


def test_shapes_are_told_apart_even_see_through_ones_but_not_invisible_ones(backend):
    model = mujoco.MjModel.from_xml_string(SHAPES)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for quality in ("fast", "smooth", "paper"):
        renderer = make_renderer(model, 40, 60, quality, backend)
        image = renderer.render(data, 0)
        shapes = renderer.segment(data, 0)
        assert (renderer.render(data, 0) == image).all()
        renderer.close()
        assert shapes.shape == (40, 60) and shapes.dtype == np.int32
        step = round(0.2 / np.tan(np.radians(20)) * 20)  # pixels from the centre to the shapes'
        assert shapes[20 - step, 30 - step] == 0
        assert shapes[20 - step, 30 + step] == 1
        assert shapes[20 + step, 30 - step] == -1 and shapes[20 + step, 30 + step] == -1
        assert shapes[20, 30] == model.ngeom + 1
        assert set(np.unique(shapes)) == {-1, 0, 1, model.ngeom + 1}
        width = 0.2 / (0.99 * np.tan(np.radians(20))) * 20  # a box's side, seen on its top
        assert np.sqrt((shapes == 0).sum()) == pytest.approx(width, abs=1.2)


@pytest.mark.parametrize("quality", ["fast", "smooth", "paper"])
def test_what_is_cut_out_is_all_but_the_sky(backend, quality):
    """See-through shapes have no depth of their own in OpenGL, and are there nevertheless."""
    model = mujoco.MjModel.from_xml_string(SHAPES)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = make_renderer(model, 40, 60, quality, backend)
    before = renderer.render(data, 0)
    image, sky = renderer.cut_out(data, 0)
    assert sky.shape == (40, 60) and 0 < sky.sum() < sky.size
    assert np.array_equal(sky, renderer.segment(data, 0) < 0)
    solid = renderer.segment(data, 0) == 0
    assert np.array_equal(image[solid], before[solid])
    assert np.array_equal(renderer.render(data, 0), before)
    renderer.close()


@needs_opengl
@pytest.mark.parametrize("task", ["ball-in-cup-catch", "cheetah-run", "quadruped-walk", "box-push", "ant-walls"])
def test_cutting_out_gives_the_same_mask_and_the_same_foreground(task):
    env = started(task, BACKEND)
    scene, data = env.scene, env.scene.data
    drawn, sky, opacity = scene.agent(data), scene.background(False), scene.model.geom_rgba.copy()
    scene.cut_out = True
    image, cut = scene.agent(data), scene.background(False)
    assert 0 < sky.sum() < sky.size and np.array_equal(cut, sky)
    assert np.array_equal(image[~sky], drawn[~sky]) and not image[sky].any()
    assert np.array_equal(scene.model.geom_rgba, opacity)
    behind = scene.background(True)  # which is asked of a second drawing
    scene.cut_out = False
    assert np.array_equal(scene.agent(data), drawn)
    assert np.array_equal(scene.background(False), sky) and np.array_equal(scene.background(True), behind)
    env.close()


@needs_opengl
def test_what_is_neither_geom_nor_site_is_no_background():
    model = mujoco.MjModel.from_xml_string(
        """<mujoco><statistic extent="1"/><worldbody><camera pos="0 0 1" fovy="40"/><geom size=".05" pos="0 .25 0"/>
        <site name="a" pos="-.2 0 0"/><site name="b" pos=".2 0 0"/></worldbody>
        <tendon><spatial width=".02"><site site="a"/><site site="b"/></spatial></tendon></mujoco>"""
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    views = Views(model, Rendering(40, 40, backend=BACKEND), 0, 0)
    views.agent(data)
    assert views.renderer.segment(data, 0)[20, 20] == model.ngeom + model.nsite
    behind = views.background(floor=True)
    assert not behind[20, 20] and behind[5, 5] and not behind[6, 20]
    views.close()


@needs_opengl
def test_more_shapes_than_a_byte_can_count_are_told_apart():
    places = [(x, y) for x in np.linspace(-0.3, 0.3, 18) for y in np.linspace(-0.3, 0.3, 18)]
    geoms = "".join(f'<geom type="box" size=".012 .012 .01" pos="{x} {y} 0"/>' for x, y in places)
    model = mujoco.MjModel.from_xml_string(
        f'<mujoco><statistic extent="1"/><worldbody><camera pos="0 0 1" fovy="40"/>{geoms}</worldbody></mujoco>'
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = make_renderer(model, 128, 128, "fast", BACKEND)
    shapes = renderer.segment(data, 0)
    renderer.close()
    scale = 64 / np.tan(np.radians(20))
    seen = [shapes[int(64 - scale * y / 0.99), int(64 + scale * x / 0.99)] for x, y in places]
    assert seen == list(range(324))


def started(task, backend, height=48, steps=4):
    env = RECORDS[task].build(RECORDS[task].options, Rendering(height, height, backend=backend))
    env.reset(seed=3)
    for _ in range(steps):
        env.step(env.action_space.low * 0.5)
    return env


@needs_opengl
@pytest.mark.parametrize("task", ["cartpole-swingup", "cheetah-run", "box-push", "quadruped-escape"])
def test_both_renderers_agree_on_what_is_where(task):
    steps = 0 if task == "quadruped-escape" else 4
    cast, drawn = started(task, "raycast", 32, steps), started(task, BACKEND, 32, steps)
    one, two = (env.scene.renderer.segment(env.scene.data, env.scene.camera) for env in (cast, drawn))
    assert len(np.unique(one)) > 1
    assert (one == two).mean() > 0.99
    for floor in (False, True):
        assert (cast.scene.background(floor) == drawn.scene.background(floor)).mean() > 0.99
    cast.close()
    drawn.close()


@pytest.mark.parametrize("task", ["cartpole-swingup", "cheetah-run"])
def test_the_robot_is_never_background_and_the_floor_only_when_asked_for(task, backend):
    env = started(task, backend)
    model, (height, width) = env.scene.model, (48, 48)
    sky, behind = env.scene.background(False), env.scene.background(True)
    shapes = env.scene.renderer.segment(env.scene.data, env.scene.camera)
    assert sky.shape == (height, width) and sky.dtype == bool
    names = np.array([model.geom(geom).name if geom >= 0 else "sky" for geom in shapes.ravel()]).reshape(shapes.shape)
    floor = np.isin(names, ["floor", "ground"])
    assert floor.any() and (names == "sky").any() and len(np.unique(names)) > 3
    assert (sky == (names == "sky")).all()
    assert (behind == (sky | floor)).all()
    env.close()


def test_the_terrain_is_floor():
    env = started("quadruped-escape", "raycast", 16, steps=0)
    sky, behind = env.scene.background(False), env.scene.background(True)
    assert 0 < sky.sum() < behind.sum()
    env.close()
