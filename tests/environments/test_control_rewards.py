"""Rewards worked out from plain numbers, against dm_control's own and by hand."""

import numpy as np
import pytest
from dm_control import suite

from coral_cli.environments.control_rewards import reward_of


def load(task):
    return suite.load("cartpole", task, task_kwargs={"random": 0})


@pytest.mark.parametrize("task", ["balance", "swingup", "swingup_sparse", "two_poles"])
def test_as_dm_control_wherever_the_cart_and_the_pole_are(task):
    environment = load(task)
    environment.reset()
    physics, random = environment.physics, np.random.default_rng(0)
    reward = reward_of(environment)
    for _ in range(200):
        with physics.reset_context():
            physics.data.qpos[:] = random.uniform(-3, 3, physics.model.nq)
            physics.data.qvel[:] = random.uniform(-15, 15, physics.model.nv)
        physics.set_control(random.uniform(-1.5, 1.5, 1))  # beyond the margin as well
        assert reward() == pytest.approx(environment.task.get_reward(physics), rel=1e-12)


def test_by_hand_at_the_margins():
    """A cart 2 m off the middle, a pole that lies flat and turns with 5 rad/s, half of the force."""
    environment = load("swingup")
    environment.reset()
    physics = environment.physics
    with physics.reset_context():
        physics.data.qpos[:] = 2, np.pi / 2
        physics.data.qvel[:] = 0, 5
    physics.set_control([0.5])
    wanted = 0.5 * (1 + 0.1) / 2 * (4 + 0.75) / 5 * (1 + 0.1) / 2
    assert reward_of(environment)() == pytest.approx(wanted, rel=1e-9)
