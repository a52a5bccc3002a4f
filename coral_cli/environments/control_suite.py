"""Tasks of the DeepMind Control Suite, and others built on its physics and tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import mujoco
import numpy as np
from dm_control import suite
from dm_control.rl.control import Environment, compute_n_steps

from coral_cli.environments.control_rewards import reward_of
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.named_access import remember_names
from coral_cli.environments.proprioception import Sense, sense_of
from coral_cli.environments.simulated_task import SimulatedTask
from coral_cli.environments.stepping import checked_advance
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import UsageError

EPISODE_STEPS = 1000


class ControlSimulation:
    """A simulation that steps the suite's task and physics themselves: observations that nobody sees are not computed.

    ``arrange`` draws anew what else lies in the scene, before each episode.
    """

    steps = EPISODE_STEPS

    def __init__(
        self,
        environment: Environment,
        sense: Sense,
        outside: int,
        arrange: Callable[[np.random.RandomState], None] | None = None,
    ) -> None:
        self.task, self.physics = environment.task, environment.physics
        self.physics._make_rendering_contexts = lambda: None  # quadruped-escape would draw through dm_control's own
        self.model: mujoco.MjModel = self.physics.model.ptr
        self.data: mujoco.MjData = self.physics.data.ptr
        self.seconds = environment.control_timestep()
        actions = environment.action_spec()
        limited = actions.maximum < mujoco.mjMAXVAL  # dm_control's word for an actuator without limits
        self.low, self.high = np.where(limited, actions.minimum, -1.0), np.where(limited, actions.maximum, 1.0)
        self.outside = outside
        remember_names(self.physics)
        self._substeps = compute_n_steps(self.seconds, self.physics.timestep())
        self._sense = sense
        self._reward = reward_of(environment)
        self._arrange = arrange

    def begin(self, seed: int | None) -> None:
        if seed is not None:
            self.task.random.seed(seed)
        if self._arrange is not None:
            self._arrange(self.task.random)
        with self.physics.reset_context():
            self.task.initialize_episode(self.physics)

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        self.task.before_step(action, self.physics)
        checked_advance(self.model, self.data, self._substeps)
        self.task.after_step(self.physics)
        return self._reward(), self.task.get_termination(self.physics)

    def feel(self) -> np.ndarray:
        return self._sense(self.physics)


def control_task(domain: str, task: str, options: ControlOptions, rendering: Rendering) -> SimulatedTask:
    """Make a task of the suite, 1000 steps an episode, felt as in the module ``proprioception``.

    Raises UsageError when the model has no such camera.
    """
    with quiet():
        environment = suite.load(domain, task, task_kwargs={"random": 0})  # some models are drawn at random
    model = environment.physics.model.ptr
    check_camera(domain, model, options.camera)
    simulation = ControlSimulation(environment, sense_of(domain, model), options.camera)
    return SimulatedTask(simulation, options.camera, options.action_repeat, rendering)


def check_camera(scene: str, model: mujoco.MjModel, camera: int) -> None:
    """Raise UsageError when ``model`` has no camera of that index."""
    if camera >= model.ncam:
        raise UsageError(f"{scene} has {model.ncam} cameras, so {camera} is too large.", "Count from 0.")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back warnings about the suite's own models, which no user can act on."""
    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        yield
    finally:
        absl.setLevel(level)
