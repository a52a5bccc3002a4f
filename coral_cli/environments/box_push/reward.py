"""The reward of the published box pushing task, and when it counts as solved."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, pi, sqrt

import numpy as np

from coral_cli.environments.box_push.scene import POSITION_LIMITS, VELOCITY_LIMITS

LAST_STEP_WEIGHT = 100.0
SOLVED_DISTANCE = 0.05  # metres
SOLVED_ANGLE = 0.5  # radians

_LOW, _HIGH = POSITION_LIMITS.T.copy()


@dataclass(frozen=True)
class Situation:
    """The situation after a step, on which the reward depends: positions in metres, angles in radians."""

    box: np.ndarray  # (3,)
    target: np.ndarray  # (3,)
    tip: np.ndarray  # (3,)
    angle: float  # between the box's and the target's orientation
    lean: float  # between the rod and down
    positions: np.ndarray  # (7,)
    velocities: np.ndarray  # (7,)
    effort: float  # sum of the squared torques beyond gravity compensation, (Nm)^2

    @property
    def distance(self) -> float:
        return _length(self.box - self.target)

    @property
    def solved(self) -> bool:
        return self.distance < SOLVED_DISTANCE and self.angle < SOLVED_ANGLE


def dense_reward(s: Situation) -> float:
    """Return the reward in which the goal's distance and angle count in every step."""
    return _motion(s) + _goal(s)


def sparse_reward(s: Situation, last: bool) -> float:
    """Return the reward in which the goal's distance and angle count in the last step only, times 100."""
    return _motion(s) + (LAST_STEP_WEIGHT * _goal(s) if last else 0.0)


def _goal(s: Situation) -> float:
    return -3.5 * s.distance - s.angle / pi


def _motion(s: Situation) -> float:
    near = min(max(_length(s.box - s.tip), 0.05), 100.0)
    leaning = s.lean / pi if s.lean > pi / 4 else 0.0
    return -2 * near - 0.0005 * s.effort - _limit_excess(s.positions, s.velocities) - leaning


def _limit_excess(positions: np.ndarray, velocities: np.ndarray) -> float:
    """Return by how many radians and rad/s joints are beyond their limits, summed."""
    beyond = np.maximum(_LOW - positions, 0) + np.maximum(positions - _HIGH, 0)
    return float(beyond.sum() + np.maximum(np.abs(velocities) - VELOCITY_LIMITS, 0).sum())


def _length(vector: np.ndarray) -> float:
    return sqrt(vector @ vector)  # as np.linalg.norm, which takes several times as long


def rotation_angle(a: np.ndarray, b: np.ndarray) -> float:
    """Return the angle in [0, pi] of the rotation between two unit quaternions (4,)."""
    return 2 * acos(min(1.0, abs(float(a @ b))))


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    """Return the angle in [0, pi] between two unit vectors (3,)."""
    return acos(min(1.0, max(-1.0, float(a @ b))))
