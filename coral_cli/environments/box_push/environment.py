"""Box pushing as a Gymnasium environment: 100 steps at 50 Hz, solved when the tray lies on its target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, Dict

from coral_cli.environments.box_push.kinematics import DOWN, JOINTS, Arm
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.environments.box_push.reward import (
    Situation,
    angle_between,
    dense_reward,
    rotation_angle,
    sparse_reward,
)
from coral_cli.environments.box_push.scene import TORQUE_LIMITS, TRAY_HEIGHT, VELOCITY_LIMITS, build_model
from coral_cli.environments.rendering.views import View, Views
from coral_cli.environments.stepping import advance
from coral_cli.plugin import Rendering

EPISODE_STEPS = 100
STEPS_PER_SECOND = 50
SUBSTEPS = 10

_LOW, _HIGH = (0.3, -0.45, 0.0), (0.6, 0.45, 2 * np.pi)  # x, y, yaw
_FIXED_START = np.array([0.4, 0.3, np.pi])
_MIN_TARGET_DISTANCE = 0.3
_START_HEIGHT = 0.15  # of the tip above the tray's centre

_MAX_TORQUE = 10.0  # Nm, at action 1
_MAX_SPEED = 1.0  # m/s, at action 1
_PUSH_HEIGHT = 0.03  # of the tip above the tray's centre: between the floor and the walls' rims
_TIP_GAIN = 10.0  # 1/s: how fast height and lean return to what they should be
_TIP_LOW, _TIP_HIGH = np.array([0.28, -0.49]), np.array([0.63, 0.49])  # metres: where cartesian actions lead it
_SMALLEST = 32  # pixels
_SERVO_GAIN = 30.0  # 1/s: how fast the joints take on a velocity

Observation = dict[str, np.ndarray]


class BoxPush(gymnasium.Env[Observation, np.ndarray]):
    """An environment: ``image`` shows the table from the front, ``wrist`` what is at the rod; ``proprio`` is the arm.

    ``image`` (H, W, 3) uint8 sees tray and target wherever they are. ``wrist`` (H / 2, W / 2, 3), on the flange,
    sees the tray and, once that is near, the target, which arm and tray then hide from the front.
    ``proprio`` (17,) float32 is 7 joint positions, 7 joint velocities and the rod tip's position. ``torque`` actions
    are 7 joint torques of up to 10 Nm beyond gravity compensation; ``cartesian`` ones the tip's velocity in
    x and y, of up to 1 m/s each, while the rod points down into the tray at a constant height and stays
    over the working area.
    ``reset(seed=...)`` determines the episode bit for bit. To distractions the ground, like the sky, is background, and
    the table is the floor.
    """

    render_mode = "rgb_array"

    def __init__(self, options: BoxPushOptions, rendering: Rendering) -> None:
        self.options = options
        self.action_repeat = options.action_repeat
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": STEPS_PER_SECOND / options.action_repeat}
        self.model = build_model(options.look)
        self.data = mujoco.MjData(self.model)
        self._arm = Arm(self.model)
        self._tray = self.model.body("tray").id
        self._cartesian = options.action == "cartesian"
        image, wrist, outside = (self.model.camera(name).id for name in ("image", "wrist", "outside"))
        close, behind = _smaller(rendering), {"floor": ("table",), "backdrop": ("ground",)}
        self.scene = Views(self.model, rendering, image, outside, **behind)
        self.scenes = {"image": self.scene, "wrist": View(self.model, close, wrist, **behind)}
        self._steps = 0
        self.action_space = Box(-1.0, 1.0, (2 if self._cartesian else JOINTS,), np.float32)
        self.observation_space = Dict(  # type: ignore[assignment]  # to Gymnasium a Dict has no arrays
            image=Box(0, 255, (rendering.height, rendering.width, 3), np.uint8),
            wrist=Box(0, 255, (close.height, close.width, 3), np.uint8),
            proprio=Box(-np.inf, np.inf, (2 * JOINTS + 3,), np.float32),
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        start = self.np_random.uniform(_LOW, _HIGH) if self.options.random_start else _FIXED_START
        target = self.np_random.uniform(_LOW, _HIGH)
        while np.linalg.norm(target[:2] - start[:2]) < _MIN_TARGET_DISTANCE:
            target = self.np_random.uniform(_LOW, _HIGH)
        mujoco.mj_resetData(self.model, self.data)
        height = _PUSH_HEIGHT if self._cartesian else _START_HEIGHT
        self.data.qpos[:JOINTS] = self._arm.posture(np.array([*start[:2], TRAY_HEIGHT + height]))
        self.data.qpos[JOINTS:] = np.concatenate(_pose(start))
        self.data.mocap_pos[0], self.data.mocap_quat[0] = _pose(target)
        mujoco.mj_forward(self.model, self.data)
        self._steps = 0
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Do a step. None terminates; the 100th truncates, with ``success``, ``distance`` and ``angle`` in info."""
        action = np.clip(np.asarray(action, np.float64), -1, 1)
        reward, last = 0.0, False
        for _ in range(self.action_repeat):
            effort = self._move_tip(action) if self._cartesian else self._apply_torque(action)
            self._steps += 1
            last = self._steps >= EPISODE_STEPS
            situation = self._situation(effort)
            sparse = self.options.reward == "sparse"
            reward += sparse_reward(situation, last) if sparse else dense_reward(situation)
            if last:
                break
        info = {"metrics": _metrics(situation)} if last else {}
        return self._observation(), reward, False, last, info

    def render(self) -> np.ndarray:
        """Draw the whole arm from the side, (256, 256, 3) uint8."""
        return self.scene.outside(self.data)

    def hidden_state(self) -> dict[str, np.ndarray]:
        """Return the poses of tray and target on the table, the tip and the joints; metres, radians and seconds."""
        data, tray, target = self.data, self._tray, self.model.body("target").id
        heading = data.xmat.reshape(-1, 3, 3)[:, :2, 0]  # (nbody, 2): cosine and sine of the yaw of what lies flat
        state = {
            "tray position": data.xpos[tray, :2],
            "tray yaw": heading[tray],
            "target position": data.xpos[target, :2],
            "target yaw": heading[target],
            "tip position": self._arm.tip(data)[:2],
            "tray velocity": data.qvel[JOINTS : JOINTS + 2],
            "tray angular velocity": data.qvel[JOINTS + 5 : JOINTS + 6],
            "joint angles": np.concatenate([np.cos(data.qpos[:JOINTS]), np.sin(data.qpos[:JOINTS])]),
            "joint velocities": data.qvel[:JOINTS],
        }
        return {name: value.copy() for name, value in state.items()}

    def close(self) -> None:
        for view in self.scenes.values():
            view.close()

    def _apply_torque(self, action: np.ndarray) -> float:
        """Apply torques. Return the squares (Nm)^2 of those beyond gravity compensation, summed over the joints."""
        torque = _MAX_TORQUE * action
        self.data.ctrl[:] = np.clip(self.data.qfrc_bias[:JOINTS] + torque, -TORQUE_LIMITS, TORQUE_LIMITS)
        advance(self.model, self.data, SUBSTEPS)
        return float(torque @ torque)

    def _move_tip(self, action: np.ndarray) -> float:
        """Move the tip through the Jacobian. Return what ``_apply_torque`` does, the mean over the substeps."""
        data = self.data
        tip = self._arm.tip(data)
        rise = np.clip(_TIP_GAIN * (TRAY_HEIGHT + _PUSH_HEIGHT - tip[2]), -_MAX_SPEED, _MAX_SPEED)
        slide = np.clip(_MAX_SPEED * action, _TIP_GAIN * (_TIP_LOW - tip[:2]), _TIP_GAIN * (_TIP_HIGH - tip[:2]))
        wanted = self._arm.joint_velocity(data, np.array([*slide, rise]), _TIP_GAIN)
        wanted /= max(1.0, np.abs(wanted / VELOCITY_LIMITS).max())  # slower, in the same direction
        servo = _SERVO_GAIN * self._arm.inertia(data)
        effort = 0.0
        for _ in range(SUBSTEPS):
            torque = servo @ (wanted - data.qvel[:JOINTS])
            data.ctrl[:] = np.clip(data.qfrc_bias[:JOINTS] + torque, -TORQUE_LIMITS, TORQUE_LIMITS)
            mujoco.mj_step(self.model, data)
            effort += float(torque @ torque) / SUBSTEPS
        mujoco.mj_step1(self.model, data)  # positions and velocities as they are after the last substep
        return effort

    def _situation(self, effort: float) -> Situation:
        data = self.data
        return Situation(
            box=data.xpos[self._tray],
            target=data.mocap_pos[0],
            tip=self._arm.tip(data),
            angle=rotation_angle(data.xquat[self._tray], data.mocap_quat[0]),
            lean=angle_between(self._arm.rod(data), DOWN),
            positions=data.qpos[:JOINTS],
            velocities=data.qvel[:JOINTS],
            effort=effort,
        )

    def _observation(self) -> Observation:
        data = self.data
        proprio = np.concatenate([data.qpos[:JOINTS], data.qvel[:JOINTS], self._arm.tip(data)])
        pictures = {name: view.agent(data) for name, view in self.scenes.items()}
        return {**pictures, "proprio": proprio.astype(np.float32)}


def _smaller(rendering: Rendering) -> Rendering:
    """Return half as many pixels a side, of those that the model sees, but no fewer than encoders take."""
    margin = rendering.margin
    height, width = (max((side - margin) // 2, _SMALLEST) + margin for side in (rendering.height, rendering.width))
    return replace(rendering, height=height, width=width)


def _pose(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the position (3,) and quaternion (4,) of a tray that stands at x, y with a yaw."""
    x, y, yaw = place
    return np.array([x, y, TRAY_HEIGHT]), np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])


def _metrics(situation: Situation) -> dict[str, float]:
    return {"success": float(situation.solved), "distance": situation.distance, "angle": situation.angle}
