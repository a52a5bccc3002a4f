"""Box pushing: kinematics and reward against hand-made values."""

from math import pi

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.kinematics import DOWN, Arm
from coral_cli.environments.box_push.reward import Situation, dense_reward, rotation_angle, sparse_reward
from coral_cli.environments.box_push.scene import POSITION_LIMITS, build_model
from coral_cli.registry.errors import CoralError

from .panda import dh_tip

CENTRE = POSITION_LIMITS.mean(1)


def test_the_arm_is_a_panda():
    model = build_model()
    data, arm = mujoco.MjData(model), Arm(model)
    rng = np.random.default_rng(0)
    for _ in range(20):
        data.qpos[:7] = rng.uniform(*POSITION_LIMITS.T)
        mujoco.mj_kinematics(model, data)
        tip, rod = dh_tip(data.qpos[:7])
        assert arm.tip(data) == pytest.approx(tip, abs=1e-5)
        assert arm.rod(data) == pytest.approx(rod, abs=1e-5)


def test_inverse_kinematics_reaches_the_whole_working_area():
    arm = Arm(build_model())
    for x in (0.3, 0.45, 0.6):
        for y in (-0.45, -0.1, 0.2, 0.45):
            for z in (0.02, 0.14):
                q = arm.posture(np.array([x, y, z]))
                tip, rod = dh_tip(q)
                assert tip == pytest.approx([x, y, z], abs=2e-4)
                assert rod == pytest.approx(DOWN, abs=1e-3)
                assert (q > POSITION_LIMITS[:, 0]).all() and (q < POSITION_LIMITS[:, 1]).all()


def test_inverse_kinematics_says_so_when_out_of_reach():
    with pytest.raises(CoralError, match="cannot reach"):
        Arm(build_model()).posture(np.array([1.5, 0.0, 0.1]))


# -- reward


def situation(**changes):
    values = {
        "box": np.array([0.4, 0.3, -0.01]),
        "target": np.array([0.4, -0.1, -0.01]),
        "tip": np.array([0.4, 0.3, 0.14]),
        "angle": pi / 2,
        "lean": 0.0,
        "positions": CENTRE,
        "velocities": np.zeros(7),
        "effort": 0.0,
    }
    return Situation(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, -2 * 0.15 - 3.5 * 0.4 - 0.5),
        ({"tip": np.array([0.4, 0.3, 0.0])}, -2 * 0.05 - 3.5 * 0.4 - 0.5),  # nearer than 0.05 counts as 0.05
        ({"effort": 700.0}, -0.3 - 1.4 - 0.5 - 0.35),  # all seven torques at 10 Nm
        ({"lean": 0.7}, -0.3 - 1.4 - 0.5),  # below pi / 4
        ({"lean": 1.0}, -0.3 - 1.4 - 0.5 - 1 / pi),
        ({"positions": np.array([3.0, -1.8, 0, -1.5, 0, 1.8, 0])}, -2.2 - (3.0 - 2.8973) - (1.8 - 1.7628)),
        ({"velocities": np.array([2.275, 0, 0, 0, -2.81, 0, 0])}, -2.2 - 0.1 - 0.2),
    ],
)
def test_dense_reward_by_hand(changes, expected):
    assert dense_reward(situation(**changes)) == pytest.approx(expected)


def test_sparse_reward_by_hand():
    s = situation(effort=100.0)
    assert sparse_reward(s, last=False) == pytest.approx(-0.3 - 0.05)
    assert sparse_reward(s, last=True) == pytest.approx(-0.3 - 0.05 - 100 * (1.4 + 0.5))


@pytest.mark.parametrize(
    ("distance", "angle", "solved"), [(0.049, 0.49, True), (0.051, 0.1, False), (0.01, 0.51, False)]
)
def test_success_needs_position_and_rotation(distance, angle, solved):
    box, target = np.array([0.4, 0.3, -0.01]), np.array([0.4 + distance, 0.3, -0.01])
    assert situation(box=box, target=target, angle=angle).solved is solved


def test_rotation_angle():
    def turn(angle):
        return np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])

    assert rotation_angle(turn(0.3), turn(1.1)) == pytest.approx(0.8)
    assert rotation_angle(turn(0.1), turn(2 * pi - 0.1)) == pytest.approx(0.2)  # the short way round
    assert rotation_angle(turn(0.4), -turn(0.4)) == pytest.approx(0.0, abs=1e-6)
