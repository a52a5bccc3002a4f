"""Motion of the rod's tip: differential inverse kinematics, and a posture that puts the tip where it should be."""

from __future__ import annotations

import mujoco
import numpy as np

from coral_cli.environments.box_push.scene import POSITION_LIMITS
from coral_cli.registry.errors import CoralError

JOINTS = 7
DOWN = np.array([0.0, 0.0, -1.0])
REST = np.array([0.0, 0.3, 0.0, -2.1, 0.0, 2.4, 0.785])
"""The posture (rad) that the joints drift to where the tip leaves them free; its rod points down."""

_FROM_DATA = "MjData" in mujoco.mj_fullM.__doc__  # older releases of MuJoCo ask for the sparse matrix itself
_DAMPING = 1e-6
_TOLERANCE = 1e-4  # metres and radians
_MARGIN = 0.02  # radians kept from the joints' limits


class Arm:
    """The kinematics of the arm on data of its own, or on the simulation's where that is passed."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._data = mujoco.MjData(model)
        self._tip = model.site("tip").id

    def tip(self, data: mujoco.MjData) -> np.ndarray:
        """Return the tip's position (3,)."""
        tip: np.ndarray = data.site_xpos[self._tip]
        return tip

    def rod(self, data: mujoco.MjData) -> np.ndarray:
        """Return the rod's direction (3,), a unit vector from the flange to the tip."""
        rod: np.ndarray = data.site_xmat[self._tip].reshape(3, 3)[:, 2]
        return rod

    def inertia(self, data: mujoco.MjData) -> np.ndarray:
        """Return the joints' inertia (7, 7), as they are now."""
        full = np.empty((self._model.nv, self._model.nv))
        if _FROM_DATA:
            mujoco.mj_fullM(self._model, data, full)
        else:
            mujoco.mj_fullM(self._model, full, data.qM)
        return full[:JOINTS, :JOINTS]

    def joint_velocity(self, data: mujoco.MjData, velocity: np.ndarray, drift: float) -> np.ndarray:
        """Return joint velocities (7,) that move the tip at ``velocity`` (3,) m/s and turn the rod towards down.

        The rod turns by its lean, ``drift`` times a second; in the two directions left free the joints
        go to REST at the same rate. Damped least squares, so that they stay bounded in singular postures.
        """
        linear, angular = np.empty((3, self._model.nv)), np.empty((3, self._model.nv))
        mujoco.mj_jacSite(self._model, data, linear, angular, self._tip)
        rod = self.rod(data)
        angular -= np.outer(rod, rod @ angular)  # a turn about the rod itself is free
        jacobian = np.concatenate([linear[:, :JOINTS], angular[:, :JOINTS]])
        twist = np.concatenate([velocity, drift * np.cross(rod, DOWN)])
        inverse = np.linalg.solve(jacobian @ jacobian.T + _DAMPING * np.eye(6), jacobian).T
        rest = drift * (REST - data.qpos[:JOINTS])
        joints: np.ndarray = inverse @ (twist - jacobian @ rest) + rest
        return joints

    def posture(self, tip: np.ndarray) -> np.ndarray:
        """Return joint positions (7,) within their limits that put the tip at ``tip`` (3,) with the rod pointing down.

        Raises CoralError when there are none.
        """
        data, (low, high) = self._data, POSITION_LIMITS.T
        data.qpos[:JOINTS] = REST
        data.qpos[0] = np.arctan2(tip[1], tip[0])
        for _ in range(200):
            mujoco.mj_kinematics(self._model, data)
            mujoco.mj_comPos(self._model, data)
            error = tip - self.tip(data)
            lean = np.linalg.norm(self.rod(data) - DOWN)
            if np.linalg.norm(error) < _TOLERANCE and lean < _TOLERANCE:
                joints: np.ndarray = data.qpos[:JOINTS].copy()
                return joints
            step = self.joint_velocity(data, 0.5 * error, 0.5)
            data.qpos[:JOINTS] = np.clip(data.qpos[:JOINTS] + step, low + _MARGIN, high - _MARGIN)
        raise CoralError(f"the arm cannot reach {np.round(tip, 3).tolist()} with its rod pointing down.")
