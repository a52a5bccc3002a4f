"""Cheetah and walker among hurdles: what they see, feel and are paid for, and where the hurdles stand."""

import mujoco
import numpy as np
import pytest
from dm_control import suite

from coral_cli.environments.control_suite import quiet
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.locomotion.records import LOCOMOTION
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import UsageError

from .episodes import actions_of, episode

BY_NAME = {record.name: record for record in LOCOMOTION}
HURDLE_TASKS = ["hurdle-cheetah-run", "hurdle-walker-walk", "hurdle-walker-run"]
STOCK = {
    "hurdle-cheetah-run": ("cheetah", "run"),
    "hurdle-walker-walk": ("walker", "walk"),
    "hurdle-walker-run": ("walker", "run"),
}
NO_MIDPHASE = int(mujoco.mjtDisableBit.mjDSBL_MIDPHASE)


def make(name, backend="raycast", size=8, **options):
    record = BY_NAME[name]
    return record.build(ControlOptions(**{"camera": 2, **options}), Rendering(size, size, backend=backend))


def hurdles_of(model):
    return np.flatnonzero([model.geom(geom).name.startswith("hurdle") for geom in range(model.ngeom)])


@pytest.mark.parametrize("name", HURDLE_TASKS)
def test_step_for_step_as_in_the_suite_until_a_hurdle_is_reached(name):
    """Rewards, forces, lengths of steps are the suite's own; proprioception is the published part of its state."""
    environment = make(name, action_repeat=2)
    observation, _ = environment.reset(seed=0)
    with quiet():
        reference = suite.load(*STOCK[name], task_kwargs={"random": 0})
    reference.reset()
    physics = reference.physics
    with physics.reset_context():
        physics.data.qpos[:] = environment.simulation.data.qpos
        physics.data.qvel[:] = environment.simulation.data.qvel
    physics.data.qacc_warmstart[:] = environment.simulation.data.qacc_warmstart
    for action in actions_of(environment, 5):
        if "cheetah" in name:
            wanted = np.concatenate([physics.data.qpos[-6:], physics.data.qvel])
        else:
            wanted = np.concatenate([physics.data.xmat[1:, [0, 2]].ravel(), physics.data.qvel[-6:]])
        assert observation["proprio"] == pytest.approx(wanted, rel=1e-4, abs=1e-4)
        observation, reward, terminated, truncated, _ = environment.step(action)
        assert reward == pytest.approx(sum(reference.step(action.astype(float)).reward for _ in range(2)), abs=1e-12)
        assert not terminated and not truncated
    assert observation["proprio"].shape == ((15,) if "cheetah" in name else (20,))
    environment.close()


@pytest.mark.parametrize(
    ("name", "speed", "wanted"),
    [
        ("hurdle-cheetah-run", 4.0, 0.4),  # 4 / 10
        ("hurdle-cheetah-run", 12.0, 1.0),
        ("hurdle-cheetah-run", -1.0, 0.0),
        ("hurdle-walker-walk", 0.25, (5 * 0.25 + 1) / 6),  # at half the speed half, then linear: 0.25 at a quarter
        ("hurdle-walker-walk", 1.0, 1.0),
        ("hurdle-walker-run", 1.0, (5 * 0.125 + 1) / 6),
        ("hurdle-walker-run", 4.0, (5 * 0.5 + 1) / 6),
    ],
)
def test_rewards_by_hand_from_the_speed(name, speed, wanted):
    environment = make(name)
    environment.reset(seed=0)
    simulation = environment.simulation
    with simulation.physics.reset_context():  # upright, all joints at rest
        simulation.data.qvel[simulation.model.joint("rootx").dofadr] = speed
    assert simulation.task.get_reward(simulation.physics) == pytest.approx(wanted, abs=1e-9)
    environment.close()


@pytest.mark.parametrize("name", HURDLE_TASKS[:2])
def test_hurdles_are_redrawn_for_every_episode_and_rest_on_the_ground(name):
    environment = make(name)
    simulation = environment.simulation
    hurdles = hurdles_of(simulation.model)
    assert len(hurdles) == 100
    seen = []
    for seed in (0, 1, 0):
        environment.reset(seed=seed)
        centres, halves = simulation.data.geom_xpos[hurdles], simulation.model.geom_size[hurdles]
        assert simulation.data.geom_xmat[hurdles].reshape(-1, 3, 3) == pytest.approx(np.tile(np.eye(3), (100, 1, 1)))
        assert centres[:, 2] - halves[:, 2] == pytest.approx(0, abs=1e-12)
        assert 2 <= centres[:, 0].min() < 10 and 190 < centres[:, 0].max() <= 200
        assert (halves[:, 0] == 0.1).all() and (halves[:, 1] == 0.8).all()
        assert 0.075 <= halves[:, 2].min() < 0.08 and 0.145 < halves[:, 2].max() <= 0.15
        seen.append((centres.copy(), halves.copy(), simulation.model.geom_rgba[hurdles, :3].copy()))
    first, second, again = seen
    assert all((one != other).any(axis=1).all() for one, other in zip(first[::2], second[::2], strict=True))
    assert (first[1][:, 2] != second[1][:, 2]).all()
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    environment.close()


@pytest.mark.parametrize("name", HURDLE_TASKS[:2])
def test_contacts_with_redrawn_hurdles_are_found(name):
    """What MuJoCo finds through its tree of bounding boxes is what it finds by trying all pairs of shapes."""
    environment = make(name)
    environment.reset(seed=5)
    simulation = environment.simulation
    model, data, hurdles = simulation.model, simulation.data, hurdles_of(simulation.model)
    foot = 0.5 if "cheetah" in name else 0.0  # metres ahead of the torso
    for hurdle in hurdles[::7]:
        place, _, top = model.geom_pos[hurdle] + model.geom_size[hurdle]
        touched = set()
        for above in np.arange(-0.401, 0.2, 0.1):
            data.qpos[:] = 0
            data.qpos[model.joint("rootx").qposadr] = place - foot
            data.qpos[model.joint("rootz").qposadr] = top + above
            found = []
            for flags in (0, NO_MIDPHASE):
                model.opt.disableflags |= flags
                mujoco.mj_forward(model, data)
                model.opt.disableflags &= ~flags
                contacts = data.contact[: data.ncon]
                found.append(sorted((contact.geom1, contact.geom2, contact.dist) for contact in contacts))
            assert found[0] == found[1]
            touched |= {pair[1] for pair in found[0]}
        assert hurdle in touched
    environment.close()


def test_what_mujoco_derives_from_hurdles_is_as_compiled():
    """Against a model compiled with these hurdles: bounding radii, boxes, and the tree of boxes."""
    environment = make("hurdle-walker-walk")
    environment.reset(seed=2)
    model = environment.simulation.model
    spec = mujoco.MjSpec()
    for geom in hurdles_of(model):
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, size=model.geom_size[geom], pos=model.geom_pos[geom], name=f"{geom}"
        )
    wanted = spec.compile()
    hurdles = hurdles_of(model)
    assert model.geom_rbound[hurdles] == pytest.approx(wanted.geom_rbound)
    assert model.geom_aabb[hurdles] == pytest.approx(wanted.geom_aabb)
    for node in range(model.body_bvhnum[0]):  # leaves around their shape, others around both children
        centre, half = model.bvh_aabb[node, :3], model.bvh_aabb[node, 3:]
        geom = model.bvh_nodeid[node]
        if geom in hurdles:
            assert centre == pytest.approx(model.geom_pos[geom]) and half == pytest.approx(model.geom_size[geom])
        for child in model.bvh_child[node][model.bvh_child[node] >= 0]:
            assert (np.abs(model.bvh_aabb[child, :3] - centre) + model.bvh_aabb[child, 3:] <= half * (1 + 1e-9)).all()
    environment.close()


def stand_before_a_hurdle(environment, x):
    """The robot at the start, upright; one magenta hurdle at ``x``, the others out of sight. Returns the image."""
    simulation = environment.simulation
    model, hurdles = simulation.model, hurdles_of(simulation.model)
    model.geom_pos[hurdles] = [0, 500, 0]
    model.geom_pos[hurdles[0]] = [x, 0, 0.1]
    model.geom_size[hurdles[0]] = [0.1, 0.8, 0.1]
    model.geom_rgba[hurdles[0]] = [1, 0, 1, 1]
    model.geom_rbound[hurdles[0]] = 1
    with simulation.physics.reset_context():
        pass
    return environment.scene.agent(simulation.data).astype(int)


def magenta(image):
    red, green, blue = np.moveaxis(image, 2, 0)
    return (red > 2 * green) & (blue > 2 * green) & (red > 40)


@pytest.mark.parametrize(
    ("name", "x", "eye", "tilt"),
    [
        ("hurdle-cheetah-run", 2.5, (0.6, 0.8), 30.0),
        ("hurdle-cheetah-run", 1.6, (0.6, 0.8), 30.0),
        ("hurdle-walker-walk", 2.5, (0.0, 1.3), 0.0),
        ("hurdle-walker-run", 4.0, (0.0, 1.3), 0.0),
    ],
)
def test_a_hurdle_ahead_is_seen_where_a_pinhole_camera_sees_it(name, x, eye, tilt, backend):
    """``eye`` is the camera's x and height, ``tilt`` how many degrees it looks down; the far top edge comes first."""
    environment = make(name, backend, size=64)
    environment.reset(seed=0)
    seen = magenta(stand_before_a_hurdle(environment, x))
    down = np.degrees(np.arctan2(eye[1] - 0.2, x + 0.1 - eye[0])) - tilt
    row = 32 + 32 * np.tan(np.radians(down)) / np.tan(np.radians(35))
    assert np.flatnonzero(seen.any(1))[0] == pytest.approx(row, abs=1.5)
    assert seen.sum() > 40
    assert np.nonzero(seen)[1].mean() == pytest.approx(31.5, abs=1.5)  # straight ahead
    assert not magenta(stand_before_a_hurdle(environment, -x)).any()  # nothing is seen behind
    environment.close()


@pytest.mark.parametrize("name", HURDLE_TASKS[:2])
def test_the_robot_is_whole_from_outside_and_does_not_see_its_inside(name, backend):
    """The camera sits inside the head or the torso."""
    environment = make(name, backend, size=64)
    environment.reset(seed=0)
    simulation = environment.simulation
    model = simulation.model
    geom = model.geom("head" if "cheetah" in name else "torso").id
    inside, outside = environment.scene.agent(simulation.data), environment.render()
    model.geom_rgba[geom, :3] = [0, 1, 0]
    assert (environment.scene.agent(simulation.data) == inside).all()
    assert inside.std() > 5
    changed = (environment.render() != outside).any(2)
    assert changed.sum() > 200
    assert (environment.scene.agent(simulation.data) == inside).all()
    environment.close()


@pytest.mark.parametrize("name", HURDLE_TASKS[:2])
def test_the_seed_determines_the_episode(name, backend):
    one, two = make(name, backend, size=16), make(name, backend, size=16)
    first = episode(one, 3)
    assert episode(two, 3) == first
    assert episode(one, 4) != first
    following = episode(one, None)
    assert following != first  # without a seed the stream goes on
    assert episode(one, 3) == first
    episode(two, 4)
    assert episode(two, None) == following
    one.close()
    two.close()


def test_a_walker_s_episode_lasts_25_seconds():
    environment = make("hurdle-walker-walk", action_repeat=300)
    environment.reset(seed=0)
    ends = [environment.step(action)[2:4] for action in actions_of(environment, 4)]
    assert ends == [(False, False)] * 3 + [(False, True)]
    assert environment.simulation.data.time == pytest.approx(25.0)
    assert environment.metadata["render_fps"] == pytest.approx(40 / 300)
    environment.close()


def test_a_camera_that_is_not_there():
    with pytest.raises(UsageError, match="3 cameras"):
        make("hurdle-walker-walk", camera=3)
