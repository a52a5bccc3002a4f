"""A task of the DeepMind Control Suite: an image and proprioception, an action repeat, 1000 steps an episode."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from dm_control import suite
from dm_control.rl.control import compute_n_steps
from gymnasium.spaces import Box, Dict

from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.proprioception import sense_of
from coral_cli.environments.rendering.views import Views
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import UsageError

EPISODE_STEPS = 1000

Observation = dict[str, np.ndarray]


class ControlSuite(gymnasium.Env[Observation, np.ndarray]):
    """Steps the suite's task and physics themselves, so that observations that nobody sees are not computed.

    ``image`` is (H, W, 3) uint8, ``proprio`` (D,) float32 as in the module ``proprioception``; actions in
    [-1, 1] are scaled to the task's range. ``reset(seed=...)`` determines the episode bit for bit.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's attribute)
    render_mode = "rgb_array"

    def __init__(self, domain: str, task: str, options: ControlOptions, rendering: Rendering) -> None:
        """Raises UsageError when the model has no such camera."""
        with _quiet():
            environment = suite.load(domain, task, task_kwargs={"random": 0})  # some models are drawn at random
        self._physics, self._task = environment.physics, environment.task
        self._model, self._data = self._physics.model.ptr, self._physics.data.ptr
        if options.camera >= self._model.ncam:
            raise UsageError(
                f"{domain} has {self._model.ncam} cameras, so {options.camera} is too large.", "Count from 0."
            )
        self._physics._make_rendering_contexts = lambda: None  # quadruped-escape would draw through dm_control's own
        self.action_repeat = options.action_repeat
        self.metadata = {**self.metadata, "render_fps": 1 / (environment.control_timestep() * options.action_repeat)}
        self._substeps = compute_n_steps(environment.control_timestep(), self._physics.timestep())
        self._sense = sense_of(domain, self._model)
        self.scene = Views(self._model, rendering, options.camera, options.camera)
        self._steps = 0
        actions = environment.action_spec()
        self._low, self._range = actions.minimum, actions.maximum - actions.minimum
        self.action_space = Box(-1.0, 1.0, actions.shape, np.float32)
        self.observation_space = Dict(
            image=Box(0, 255, (rendering.height, rendering.width, 3), np.uint8),
            proprio=Box(-np.inf, np.inf, self._sense(self._physics).shape, np.float32),
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self._task.random.seed(self.np_random.integers(2**32, dtype=np.uint32))
        with self._physics.reset_context():
            self._task.initialize_episode(self._physics)
        if self._model.nhfield:
            self.scene.upload_height_fields()
        self._steps = 0
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Applies the action ``action_repeat`` times, or until the episode ends."""
        action = self._low + (np.clip(action, -1, 1) + 1) / 2 * self._range
        reward, discount = 0.0, None
        for _ in range(min(self.action_repeat, EPISODE_STEPS - self._steps)):
            self._task.before_step(action, self._physics)
            self._physics.step(self._substeps)
            self._task.after_step(self._physics)
            self._steps += 1
            reward += float(self._task.get_reward(self._physics))
            discount = self._task.get_termination(self._physics)
            if discount is not None:
                break
        terminated = bool(discount == 0)
        truncated = not terminated and (discount is not None or self._steps >= EPISODE_STEPS)
        return self._observation(), reward, terminated, truncated, {}

    def render(self) -> np.ndarray:
        """The same camera's view, (256, 256, 3) uint8."""
        return self.scene.outside(self._data)

    def close(self) -> None:
        self.scene.close()

    def _observation(self) -> Observation:
        return {"image": self.scene.agent(self._data), "proprio": self._sense(self._physics).astype(np.float32)}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back warnings about the suite's own models, which no user can act on."""
    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        yield
    finally:
        absl.setLevel(level)
