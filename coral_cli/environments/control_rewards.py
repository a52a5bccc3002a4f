"""The suite's rewards: dm_control's own, and where they cost several times the physics, the same from plain numbers."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
from dm_control.rl.control import Environment
from dm_control.suite.cartpole import Balance

_POLE = 2
"""The index of the pole's body: the world and the cart come before it."""
_ZZ = 8
"""The index into a body's flat rotation matrix of the cosine between its own and the world's vertical."""


def reward_of(environment: Environment) -> Callable[[], float]:
    """Return what gives the reward of the present state of ``environment``."""
    task, physics = environment.task, environment.physics
    if isinstance(task, Balance) and not task._sparse and physics.model.nv == 2:
        return _one_pole(physics.data.ptr)
    return lambda: float(task.get_reward(physics))


def _one_pole(data: mujoco.MjData) -> Callable[[], float]:
    """Return the reward of one pole (Tassa et al. 2018): upright, in the middle, with little force and slowly.

    Each but the first is a tolerance around 0: a Gaussian that is 0.1 at its margin, or a parabola that is 0 there.
    """
    position, velocity, control, rotations = data.qpos, data.qvel, data.ctrl, data.xmat

    def reward() -> float:
        upright = (rotations.item(_POLE, _ZZ) + 1) / 2
        centered = (1 + 0.1 ** ((position.item(0) / 2) ** 2)) / 2
        small_control = (4 + max(1 - control.item(0) ** 2, 0.0)) / 5
        small_velocity = (1 + 0.1 ** ((velocity.item(1) / 5) ** 2)) / 2
        return float(upright * small_control * small_velocity * centered)

    return reward
