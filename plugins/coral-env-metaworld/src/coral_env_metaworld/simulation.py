"""The physics and rewards of Meta-World, and what the arm feels of itself."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from metaworld import MT1
from metaworld.env_dict import ALL_V3_ENVIRONMENTS

from coral_env_metaworld import MetaWorldOptions

_ARM = 4  # of the 39 numbers that Meta-World observes: where the hand is (3), and how far the gripper is open
_HALF_TURN = np.array([0.0, 0.0, 0.0, 1.0])  # about the axis that a camera looks along


class MetaWorldSimulation:
    """A task by Meta-World's name, simulated without its renderer.

    Proprioception is where the hand is (3), in metres, and how far the gripper is open, from 0 to 1.
    """

    outside = 0

    def __init__(self, task: str, options: MetaWorldOptions) -> None:
        self.environment: Any = ALL_V3_ENVIRONMENTS[task]()
        self.steps: int = self.environment.max_path_length
        self.seconds: float = self.environment.dt
        self.low, self.high = self.environment.action_space.low, self.environment.action_space.high
        self._goals = MT1(task, seed=options.goals_seed).train_tasks if options.goals == "train" else ()
        self._random = np.random.default_rng(0)
        self._free_goals()
        self.camera, self.outside = (self.model.camera(name).id for name in (options.camera, "corner3"))
        self.begin(0)
        self._turn_cameras()

    def _free_goals(self) -> None:
        """Let every reset draw objects and goal from the environment's own generator."""
        self.environment._set_task_called = True
        self.environment._freeze_rand_vec = False
        self.environment.seeded_rand_vec = True

    def _turn_cameras(self) -> None:
        """Turn the cameras that hang upside down by half a turn, which is no flip: that would mirror what they see."""
        upwards = self.data.cam_xmat.reshape(-1, 3, 3)[:, 2, 1]
        for camera in np.flatnonzero(upwards < 0):
            mujoco.mju_mulQuat(self.model.cam_quat[camera], self.model.cam_quat[camera].copy(), _HALF_TURN)
        mujoco.mj_camlight(self.model, self.data)

    @property
    def model(self) -> mujoco.MjModel:
        """The model, the same in all episodes."""
        model: mujoco.MjModel = self.environment.model
        return model

    @property
    def data(self) -> mujoco.MjData:
        """The state of the model."""
        data: mujoco.MjData = self.environment.data
        return data

    def begin(self, seed: int | None) -> None:
        """Start an episode, which follows from ``seed``; without one the random stream goes on."""
        if seed is not None:  # what reset(seed=...) is given, Meta-World leaves aside
            self._random = np.random.default_rng(seed)
            self.environment.seed(seed)
        if self._goals:
            self.environment.set_task(self._goals[self._random.integers(len(self._goals))])
        self._observed, _ = self.environment.reset()
        self.solved = self.solved_now = False

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        """Do one environment step. No state is terminal."""
        self._observed, reward, _, _, info = self.environment.step(action)
        self.solved_now = bool(info["success"])
        self.solved |= self.solved_now
        return float(reward), None

    def feel(self) -> np.ndarray:
        """Return proprioception (4,)."""
        felt: np.ndarray = self._observed[:_ARM]
        return felt

    def aims(self) -> dict[str, np.ndarray]:
        """Return where the goal is (3,), and the objects (3 or 6,)."""
        environment = self.environment
        return {
            "goal position": environment._target_pos.copy(),
            "object position": environment._get_pos_objects().copy(),
        }
