"""All locomotion tasks in short, and the escaping quadruped against dm_control itself."""

import numpy as np
import pytest
from dm_control import suite

from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.locomotion.records import LOCOMOTION
from coral_cli.plugin import Rendering

from .episodes import actions_of, episode

BY_NAME = {record.name: record for record in LOCOMOTION}
EGOCENTRIC = {
    "ant-empty": "walker/egocentric", "ant-walls": "walker/egocentric", "hurdle-cheetah-run": "head",
    "hurdle-walker-walk": "head", "hurdle-walker-run": "head", "quadruped-escape": "egocentric",
}  # fmt: skip
SIZES = {
    "ant-empty": (31, 8), "ant-walls": (31, 8), "hurdle-cheetah-run": (15, 6), "hurdle-walker-walk": (20, 6),
    "hurdle-walker-run": (20, 6), "quadruped-escape": (78, 12),
}  # fmt: skip


def make(name, backend="raycast", size=8, action_repeat=2):
    record = BY_NAME[name]
    options = ControlOptions(action_repeat, record.options.camera)
    return record.build(options, Rendering(size, size, backend=backend))


@pytest.mark.parametrize("name", list(SIZES))
def test_sizes_cameras_and_the_action_repeat(name):
    record = BY_NAME[name]
    environment = record.build(record.options, Rendering(8, 8))
    proprio, actions = SIZES[name]
    assert environment.observation_space["proprio"].shape == (proprio,)
    assert environment.action_space.shape == (actions,) == (record.action_size,)
    assert environment.action_repeat == 2
    assert environment.scene.model.camera(environment.scene.camera).name == EGOCENTRIC[name]
    assert not record.terminates
    environment.close()


def test_the_quadruped_escapes_as_in_the_suite():
    """Without range finders: the same rewards, and the published part of the suite's observation."""
    environment = make("quadruped-escape")
    reference = suite.load("quadruped", "escape", task_kwargs={"random": 0})
    reference.physics._make_rendering_contexts = lambda: None
    assert (environment.simulation.model.geom_size == reference.physics.model.geom_size).all()
    environment.reset(seed=0)
    reference.task.random.set_state(environment.simulation.task.random.get_state())
    observation, _ = environment.reset()
    step = reference.reset()
    spec = reference.action_spec()  # some joints from -0.8 to 0.8, some to 1.1
    parts = ["egocentric_state", "torso_velocity", "torso_upright", "imu", "force_torque"]
    for action in actions_of(environment, 4):
        wanted = np.concatenate([np.ravel(step.observation[part]) for part in parts])
        assert observation["proprio"] == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        observation, reward, *_ = environment.step(action)
        paid = 0.0
        for _ in range(2):
            step = reference.step(spec.minimum + (action.astype(float) + 1) / 2 * (spec.maximum - spec.minimum))
            paid += step.reward
        assert reward == pytest.approx(paid, abs=1e-12)
    environment.close()


def test_the_seed_determines_the_escape(backend):
    one, two = make("quadruped-escape", backend, 16), make("quadruped-escape", backend, 16)
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


def test_new_terrain_is_seen_after_every_reset(backend):
    environment = make("quadruped-escape", backend, 32)
    first = environment.reset(seed=0)[0]["image"]
    simulation = environment.simulation
    pose = simulation.data.qpos.copy()
    environment.reset(seed=1)
    with simulation.physics.reset_context():
        simulation.data.qpos[:] = pose  # the same view of another terrain
    assert (environment.scene.agent(simulation.data) != first).any()
    assert (environment.reset(seed=0)[0]["image"] == first).all()
    environment.close()
