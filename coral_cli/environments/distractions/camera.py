"""A camera that is not quite where it should be."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.baseline import Baseline, baseline, needed
from coral_cli.plugin import DistractionModule, Scene

# Of a camera fixed in its body's frame; then of one that follows a body, in the world's.
_POSE = ("cam_pos", "cam_quat", "cam_pos0", "cam_poscom0", "cam_mat0")


class CameraShift(DistractionModule):
    """A distraction that moves and turns the agent's camera, by an offset per episode and a shake from frame to frame.

    ``position`` (metres) and ``rotation`` (degrees) bound the offset along and about each of the camera's axes. The
    shake is an Ornstein-Uhlenbeck process whose standard deviation is ``jitter`` times these bounds and of which the
    share ``memory`` stays from frame to frame. A camera that tracks a target keeps looking at it. Nothing but what is
    drawn changes. Raises CoralError at an episode's start where there is no scene.
    """

    def __init__(self, position: float, rotation: float, jitter: float, memory: float) -> None:
        self._bounds = np.array([position] * 3 + [np.deg2rad(rotation)] * 3)
        self._jitter, self._memory = jitter, memory
        self._base: Baseline | None = None

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        scene = needed(scene, "camera")
        self._base = baseline(self._base, scene.model, dict.fromkeys(_POSE, scene.camera))
        self._random = random
        self._offset = random.uniform(-1, 1, 6)  # right, up, backward; then about these axes
        self._shake = self._jitter * random.standard_normal(6)

    def prepare(self, scene: Scene) -> None:
        move = self._bounds * (self._offset + self._shake)
        self._shake = self._memory * self._shake
        self._shake += self._jitter * np.sqrt(1 - self._memory**2) * self._random.standard_normal(6)
        assert self._base is not None
        _pose(self._base, move[:3], move[3:])

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        return value


def _pose(base: Baseline, shift: NDArray[np.float64], turn: NDArray[np.float64]) -> None:
    """Move the camera by ``shift`` (3,) and turn it by the rotation vector ``turn`` (3,), both in its own frame."""
    angle = float(np.linalg.norm(turn))
    quaternion, rotation = np.empty(4), np.empty(9)
    mujoco.mju_axisAngle2Quat(quaternion, turn / max(angle, 1e-12), angle)
    mujoco.mju_quat2Mat(rotation, quaternion)
    own, turned = np.empty(9), np.empty(4)
    mujoco.mju_quat2Mat(own, base["cam_quat"])
    mujoco.mju_mulQuat(turned, base["cam_quat"], quaternion)
    base.set("cam_pos", base["cam_pos"] + own.reshape(3, 3) @ shift)
    base.set("cam_quat", turned)
    world = base["cam_mat0"].reshape(3, 3)
    base.set("cam_pos0", base["cam_pos0"] + world @ shift)
    base.set("cam_poscom0", base["cam_poscom0"] + world @ shift)
    base.set("cam_mat0", (world @ rotation.reshape(3, 3)).ravel())
