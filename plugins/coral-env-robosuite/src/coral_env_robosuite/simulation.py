"""The physics and rewards of robosuite, and what the arm feels of itself."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import mujoco
import numpy as np

from coral_env_robosuite import RobosuiteOptions

FELT = ("joint_pos_cos", "joint_pos_sin", "joint_vel", "eef_pos", "eef_quat_site", "gripper_qpos", "gripper_qvel")
"""The observables that tell of the arm and its gripper, and of nothing else."""

CONTROLLERS = {"pose": "OSC_POSE", "position": "OSC_POSITION"}
RATE = 20  # actions a second, as in robosuite's own benchmark
_COLLISION, _UNDRAWN = 0, 3  # groups of geoms: robosuite draws 1 alone, MuJoCo by default 0, 1 and 2


class RobosuiteSimulation:
    """A task by robosuite's name, simulated without any of its renderers.

    Proprioception is that of the arm: cosines and sines of its joints, their velocities, position (3) and orientation
    (4, a quaternion x, y, z, w with w >= 0) of the point between the fingers, the fingers' positions and velocities.
    """

    seconds = 1 / RATE

    def __init__(self, task: str, options: RobosuiteOptions) -> None:
        self.steps = options.steps
        with quiet():
            self.environment = _environment(task, options)
        self.begin(None)
        self.low, self.high = self.environment.action_spec
        self.camera, self.wrist, self.outside = (
            self.model.camera(name).id for name in (options.camera, "robot0_eye_in_hand", "frontview")
        )

    @property
    def model(self) -> mujoco.MjModel:
        """The model, which may be compiled anew in every episode."""
        return self._model

    @property
    def data(self) -> mujoco.MjData:
        """The state of the model."""
        return self._data

    def begin(self, seed: int | None) -> None:
        """Start an episode, which follows from ``seed``; without one the random stream goes on."""
        environment = self.environment
        if seed is not None:  # in place, for robosuite has handed the generator on to what places objects
            environment.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
        with quiet():
            self._observed = environment.reset()
        self._model, self._data = environment.sim.model._model, environment.sim.data._data
        self._model.geom_group[self._model.geom_group == _COLLISION] = _UNDRAWN
        self.solved = self.solved_now = False

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        """Do one environment step. No state is terminal."""
        self._observed, reward, _, _ = self.environment.step(action)
        self.solved_now = bool(self.environment._check_success())
        self.solved |= self.solved_now
        return float(reward), None

    def feel(self) -> np.ndarray:
        """Return proprioception, (32,) for a Panda."""
        felt = {name: np.asarray(self._observed[f"robot0_{name}"]) for name in FELT}
        felt["eef_quat_site"] = felt["eef_quat_site"] * np.copysign(1, felt["eef_quat_site"][3])
        return np.concatenate(list(felt.values()))

    def places(self) -> dict[str, np.ndarray]:
        """Return where a door's handle is (3,), which no joint tells: the door stands elsewhere in every episode."""
        environment = self.environment
        return {"handle position": np.array(environment._handle_xpos)} if hasattr(environment, "door") else {}


def _environment(task: str, options: RobosuiteOptions) -> Any:
    chosen = os.environ.get("MUJOCO_GL")
    import robosuite  # which would have every later process draw with EGL

    if chosen is None:
        os.environ.pop("MUJOCO_GL", None)
    else:
        os.environ["MUJOCO_GL"] = chosen
    controllers = robosuite.load_composite_controller_config(robot=options.robot)
    for arm in controllers["body_parts"].values():
        if arm["type"] != CONTROLLERS[options.control]:
            arm["type"] = CONTROLLERS[options.control]
            arm["output_max"], arm["output_min"] = arm["output_max"][:3], arm["output_min"][:3]
    return robosuite.make(
        task,
        robots=options.robot,
        controller_configs=controllers,
        has_renderer=False,
        has_offscreen_renderer=False,
        use_camera_obs=False,
        use_object_obs=False,
        reward_shaping=options.reward == "shaped",
        control_freq=RATE,
        ignore_done=True,
        hard_reset=options.compile,
        renderer="mujoco",
        seed=0,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back what robosuite logs and prints about files of settings, and about what it can do without."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        logging.disable(level)
