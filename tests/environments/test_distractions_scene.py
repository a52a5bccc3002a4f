"""Distractions that change the scene: by hand, without a trace in the physics, never adding up."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.distractions.scene_records import SCENE_DISTRACTIONS, CameraOptions, LightOptions
from coral_cli.environments.distractions.wrapper import Distracted
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering.views import Views
from coral_cli.plugin import Rendering, Sensor
from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import with_values

RECORDS = {record.name: record for record in (*ENVIRONMENTS, *SCENE_DISTRACTIONS)}
IMAGE = Sensor("image", "image", (8, 8, 3))

WORLD = """
<mujoco><statistic center="0 0 1" extent="2"/>
<visual><headlight ambient=".2 .2 .2" diffuse=".4 .4 .4"/></visual>
<worldbody>
  <light pos="0 0 3" dir="0 0 -1" diffuse=".5 .6 .7"/>
  <light directional="true" pos="1 0 3" dir="0 0.6 -0.8" diffuse=".2 .2 .2"/>
  <geom type="plane" size="2 2 .1"/>
  <body pos="0.2 0.1 1" quat="0.8 0 0.6 0">
    <freejoint/><geom size=".1" pos=".05 0 0"/>
    <camera mode="{mode}" pos="0.3 -2 0.4" xyaxes="1 0.2 0 0 0.3 1" {target}/>
    <light directional="true" pos="0 0 1" dir="0.6 0 -0.8" mode="trackcom"/>
  </body>
  <body name="aim" pos="0 0.5 0.7"><geom size=".05"/></body>
</worldbody></mujoco>
"""


def views(mode="fixed"):
    target = 'target="aim"' if mode.startswith("target") else ""
    model = mujoco.MjModel.from_xml_string(WORLD.format(mode=mode, target=target))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return Views(model, Rendering(8, 8), 0, 0), data


def built(name, split="training", **options):
    record = RECORDS[name]
    return record.build(with_values(record.options, options), IMAGE, split)


def drawn(module, scene, data, seed=0):
    """The first frame of an episode."""
    module.begin(np.random.default_rng(seed), scene)
    scene.prepare = lambda: module.prepare(scene)
    return scene.agent(data)


def rodrigues(turn):
    angle = np.linalg.norm(turn)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.mark.parametrize("mode", ["fixed", "track", "trackcom"])
def test_the_camera_moves_along_and_turns_about_its_own_axes(mode):
    scene, data = views(mode)
    position, frame = data.cam_xpos[0].copy(), data.cam_xmat[0].reshape(3, 3).copy()
    module = built("camera", position=0.1, rotation=20)
    for seed in (0, 1):
        drawn(module, scene, data, seed)
        offset = np.random.default_rng(seed).uniform(-1, 1, 6)
        assert data.cam_xpos[0] == pytest.approx(position + frame @ (0.1 * offset[:3]), abs=1e-6)
        turned = frame @ rodrigues(np.radians(20) * offset[3:])
        assert data.cam_xmat[0].reshape(3, 3) == pytest.approx(turned, abs=1e-6)


@pytest.mark.parametrize("mode", ["targetbody", "targetbodycom"])
def test_a_camera_with_a_target_moves_and_keeps_looking_at_it(mode):
    scene, data = views(mode)
    before = data.cam_xpos[0].copy()
    drawn(built("camera", position=0.1, rotation=20), scene, data)
    towards = data.body("aim").xpos - data.cam_xpos[0]
    assert 0.01 < np.linalg.norm(data.cam_xpos[0] - before) < 0.18
    assert -data.cam_xmat[0].reshape(3, 3)[:, 2] == pytest.approx(towards / np.linalg.norm(towards))


NAMES = ("cam_pos", "cam_quat", "cam_pos0", "cam_poscom0", "cam_mat0", "light_pos", "light_pos0", "light_poscom0")
NAMES += ("light_dir", "light_dir0", "light_ambient", "light_diffuse")


def state(model):
    return {name: getattr(model, name).copy() for name in NAMES} | {"head": model.vis.headlight.diffuse.copy()}


def same(one, two):
    return all((one[name] == two[name]).all() for name in one)


@pytest.mark.parametrize("name", ["camera", "light"])
def test_changes_never_add_up_whatever_model_comes_next(name):
    module, (scene, data), (other, other_data) = built(name), views(), views()
    untouched = state(scene.model)
    drawn(module, scene, data, seed=5)
    expected = state(scene.model)
    assert not same(expected, untouched)
    for seed in (6, 5):
        drawn(module, scene, data, seed)
    assert same(state(scene.model), expected)
    drawn(module, other, other_data, seed=5)
    assert same(state(other.model), expected) and same(state(scene.model), untouched)
    drawn(module, scene, data, seed=5)
    assert same(state(scene.model), expected) and same(state(other.model), untouched)


def test_two_cameras_of_one_scene_do_not_add_up():
    scene, _ = views()
    one, two = built("camera"), built("camera")
    expected, (alone, alone_data) = built("camera"), views()
    drawn(expected, alone, alone_data, seed=2)
    one.begin(np.random.default_rng(1), scene)
    two.begin(np.random.default_rng(2), scene)
    for module in (one, two):
        module.prepare(scene)
    assert same(state(scene.model), state(alone.model))


def test_a_lamp_that_the_task_moves_stays_where_the_task_puts_it():
    """As swimmer's above its target: the light of an episode follows from its own seed alone."""
    lamp = []
    for seeds in ((7,), (1, 7)):
        env = make("swimmer-swimmer6", ["light"])
        for seed in seeds:
            env.reset(seed=seed)
        lamp.append(env.unwrapped.simulation.model.light("target_light").pos)
    assert lamp[0].tolist() == lamp[1].tolist()


def test_without_jitter_the_camera_stands_still_and_with_it_it_shakes_as_asked():
    scene, _ = views()
    still, shaking = built("camera"), built("camera", position=0.2, rotation=0.0, jitter=0.5, memory=0.8)
    still.begin(np.random.default_rng(0), scene)
    poses = []
    for _ in range(3):
        still.prepare(scene)
        poses.append(state(scene.model))
    assert same(poses[0], poses[1]) and same(poses[0], poses[2])
    scene, _ = views()
    shaking.begin(np.random.default_rng(0), scene)
    path = []
    for _ in range(6000):
        shaking.prepare(scene)
        path.append(scene.model.cam_pos[0].copy())
    path = np.array(path) - np.mean(path, 0)
    assert np.sqrt((path**2).mean()) == pytest.approx(0.1, rel=0.1)  # 0.5 * 0.2 metres
    assert (path[1:] * path[:-1]).mean() / (path**2).mean() == pytest.approx(0.8, abs=0.03)


def test_lights_go_round_what_they_shine_on_and_change_their_colours():
    (scene, data), module = views(), built("light", angle=30, brightness=0.2, color=0.1)
    before, after, tilts = state(scene.model), [], []
    for seed in range(30):
        drawn(module, scene, data, seed)
        after.append(now := state(scene.model))
        centres = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]])  # the last one's is its body
        old, new = before["light_pos"] - centres, now["light_pos"] - centres
        assert np.linalg.norm(new, axis=1) == pytest.approx(np.linalg.norm(old, axis=1))
        assert (new * now["light_dir"]).sum(1) == pytest.approx((old * before["light_dir"]).sum(1))
        assert now["light_dir"][0] == pytest.approx(-new[0] / 2)  # the spot still points at the centre
        cosine = (now["light_dir"] * before["light_dir"]).sum(1)
        tilts.append(np.degrees(np.arccos(cosine.clip(-1, 1))))
        between = [values["light_dir"][0] @ values["light_dir"][1] for values in (before, now)]
        assert abs(between[0] - between[1]) > 1e-4, "each goes its own way"
        factors = now["light_diffuse"] / before["light_diffuse"]
        assert (factors > 0.8 * 0.9 - 1e-6).all() and (factors < 1.2 * 1.1 + 1e-6).all()
        assert len(np.unique([*factors[:, 0], (now["head"] / before["head"])[0]])) == 4, "each has its own"
    assert np.max(tilts) <= 30 + 1e-3 and np.max(tilts) > 24
    heads = np.array([now["head"] for now in after]) / before["head"]
    assert heads.min() > 0.72 - 1e-6 and heads.max() < 1.32 + 1e-6 and heads.std(0).min() > 0.05
    assert (np.ptp(heads, axis=1) > 0).all()  # a colour, not only brightness


@pytest.mark.parametrize(
    ("name", "zero"),
    [("camera", {"position": 0, "rotation": 0}), ("light", {"angle": 0, "brightness": 0, "color": 0})],
)
def test_no_strength_changes_nothing(name, zero):
    (scene, data), (plain, plain_data) = views(), views()
    image = drawn(built(name, **zero), scene, data)
    assert (image == plain.agent(plain_data)).all()


def make(task, names=(), backend="raycast"):
    env = RECORDS[task].build(RECORDS[task].options, Rendering(16, 16, backend=backend))
    return Distracted(env, {"image": [built(name) for name in names]}) if names else env


def episode(env, seed, steps=8):
    """Observations, rewards and images of random actions."""
    observation, _ = env.reset(seed=seed)
    rng, numbers, images = np.random.default_rng(0), [observation["proprio"]], [observation["image"]]
    for _ in range(steps):
        action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        observation, reward, *_ = env.step(action)
        numbers.append(np.append(observation["proprio"], reward))
        images.append(observation["image"])
    numbers.append(env.unwrapped.scene.data.qpos.copy())
    numbers.append(env.unwrapped.scene.data.qacc.copy())
    return b"".join(n.tobytes() for n in numbers), np.array(images)


@pytest.mark.parametrize("task", ["cartpole-swingup", "cheetah-run", "finger-spin", "box-push"])
def test_the_physics_is_the_same_bit_by_bit_and_the_image_another(task):
    names = ("camera", "light", *(("room",) if task == "box-push" else ()))
    plain, distracted = make(task), make(task, names)
    for seed in (1, 2):
        truth, clear = episode(plain, seed)
        numbers, images = episode(distracted, seed)
        assert numbers == truth
        assert (np.abs(images.astype(int) - clear).mean((1, 2, 3)) > 1).all()
    plain.close()
    distracted.close()


@pytest.mark.parametrize("name", ["camera", "light", "room"])
def test_the_seed_determines_what_is_drawn_and_the_first_frame_shows_it(name, backend):
    env = make("box-push", (name,), backend)
    first, other, again = (episode(env, seed, steps=2)[1] for seed in (3, 4, 3))
    assert (first == again).all()
    assert np.abs(first.astype(int) - other).mean() > 1
    observation, _ = env.reset(seed=3)
    scene = env.unwrapped.scene
    scene.prepare = None
    mujoco.mj_forward(scene.model, scene.data)
    assert (scene.agent(scene.data) == observation["image"]).all()
    env.close()


@pytest.mark.parametrize("name", ["camera", "light", "room"])
def test_an_environment_without_a_scene_is_told_so(name):
    with pytest.raises(CoralError, match=f"{name} changes the simulated scene") as caught:
        built(name).begin(np.random.default_rng(0), None)
    assert caught.value.hint


def test_a_room_needs_places_for_things():
    scene, _ = views()
    with pytest.raises(CoralError, match="room finds no table") as caught:
        built("room").begin(np.random.default_rng(0), scene)
    assert "box-push" in caught.value.hint


def test_strengths_have_bounds():
    for options, values in ((CameraOptions(), {"position": -1}), (LightOptions(), {"brightness": 1.5})):
        with pytest.raises(CoralError, match=r"at (least|most)"):
            with_values(options, values)
