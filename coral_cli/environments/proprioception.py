"""What a Control Suite robot feels of itself: the published splits, and one rule for every other task.

The rule: positions, then velocities, of the joints that an actuator moves, directly or through a tendon; a
hinge without limits gives the cosine and the sine of its angle. It leaves out where the robot is, what it
carries and what it aims at: only the image shows these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import mujoco
import numpy as np

if TYPE_CHECKING:
    from dm_control.mujoco import Physics

Sense = Callable[["Physics"], np.ndarray]
"""A function that reads a flat vector off the physics."""


def _cup(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.data.qpos[:2], physics.data.qvel[:2]])


def _cart(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.data.qpos[:1], physics.data.qvel[:1]])


def _cheetah(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.data.qpos[-6:], physics.data.qvel[-6:]])


def _reacher(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.data.qpos, physics.data.qvel])


def _walker(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.orientations(), physics.data.qvel[3:]])


def _quadruped(physics: Physics) -> np.ndarray:
    state = physics.egocentric_state()  # 16 joint angles, 16 joint velocities, 12 actuator states
    return np.concatenate([state[:16], state[-12:], state[16:32]])


def _cheetah_among_hurdles(physics: Physics) -> np.ndarray:
    return np.concatenate([physics.data.qpos[-6:], physics.data.qvel])  # the root's 3 velocities as well


def escaping_quadruped(physics: Physics) -> np.ndarray:
    """Return joints and actuators (44), the torso's velocity (3) and uprightness, inertial (6) and toe sensors (24)."""
    return np.concatenate([
        physics.egocentric_state(), physics.torso_velocity(), [physics.torso_upright()], physics.imu(),
        physics.force_torque(),
    ])  # fmt: skip


_PUBLISHED: dict[str, Sense] = {
    "ball_in_cup": _cup,
    "cartpole": _cart,
    "cheetah": _cheetah,
    "quadruped": _quadruped,
    "reacher": _reacher,
    "walker": _walker,
}
AMONG_HURDLES: dict[str, Sense] = {"cheetah": _cheetah_among_hurdles, "walker": _walker}
"""The published splits of the locomotion tasks with hurdles."""


def sense_of(domain: str, model: mujoco.MjModel) -> Sense:
    """Return what feels the robot of ``domain``."""
    return _PUBLISHED[domain] if domain in _PUBLISHED else _actuated(model)


def _actuated(model: mujoco.MjModel) -> Sense:
    joints = actuated_joints(model)
    turns = (model.jnt_type[joints] == int(mujoco.mjtJoint.mjJNT_HINGE)) & ~model.jnt_limited[joints].astype(bool)
    positions, velocities = model.jnt_qposadr[joints], model.jnt_dofadr[joints]

    def sense(physics: Physics) -> np.ndarray:
        position = physics.data.qpos[positions]
        angles = position[turns]
        return np.concatenate([position[~turns], np.cos(angles), np.sin(angles), physics.data.qvel[velocities]])

    return sense


def actuated_joints(model: mujoco.MjModel) -> np.ndarray:
    """Return indices of the joints that an actuator moves, directly or through a tendon, in the model's order."""
    joints = set()
    for kind, target in zip(model.actuator_trntype, model.actuator_trnid[:, 0], strict=True):
        if int(kind) == int(mujoco.mjtTrn.mjTRN_JOINT):
            joints.add(int(target))
        elif int(kind) == int(mujoco.mjtTrn.mjTRN_TENDON):
            start = model.tendon_adr[target]
            path = slice(start, start + model.tendon_num[target])
            along = model.wrap_type[path] == int(mujoco.mjtWrap.mjWRAP_JOINT)
            joints.update(model.wrap_objid[path][along].tolist())
    return np.array(sorted(joints), np.intp)
