"""The physics and rewards of ``dm_control.manipulation``, and what the arm feels of itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np
from dm_control import composer
from dm_control.manipulation.shared import cameras, registry

FELT = (
    "jaco_arm/joints_pos",
    "jaco_arm/joints_vel",
    "jaco_arm/jaco_hand/joints_pos",
    "jaco_arm/jaco_hand/joints_vel",
    "jaco_arm/jaco_hand/pinch_site_pos",
    "jaco_arm/jaco_hand/pinch_site_rmat",
)
"""The observables that tell of the arm and its hand, and of nothing else."""

ATTEMPTS = 10
"""At the start of an episode dm_control may try so many times to place everything without collisions."""


class JacoSimulation:
    """A task by dm_control's name, without ``_features`` or ``_vision``.

    Proprioception is what dm_control's own vision tasks give beside the image, 36 values: sines and cosines, and
    velocities, of the arm's 6 joints; positions and velocities of the 3 fingers; position and orientation of the point
    between them. Torques are left out: they all but vanish until something is touched, which the first episodes hardly
    do, so that on the scale of these they would later outweigh everything else.
    """

    steps = 250
    """An episode's steps: 10 seconds."""
    camera = 0
    """The camera of the image, which shows the arm's table from close by."""
    outside = 1
    """The camera that shows the table from further away."""

    def __init__(self, name: str) -> None:
        # the features variant, for the vision variant would draw through dm_control
        task = registry.get_constructor(f"{name}_features")()
        task.root_entity.mjcf_model.worldbody.add("camera", **cameras.FRONT_FAR._asdict())
        for felt, observable in task.observables.items():
            observable.enabled = felt in FELT
        self.environment = composer.Environment(
            task,
            random_state=0,
            strip_singleton_obs_buffer_dim=True,
            raise_exception_on_physics_error=False,
            max_reset_attempts=ATTEMPTS,
        )
        self.begin(None)
        self.seconds: float = task.control_timestep
        actions = self.environment.action_spec()
        self.low: np.ndarray = actions.minimum
        self.high: np.ndarray = actions.maximum

    @property
    def model(self) -> mujoco.MjModel:
        """The model, compiled anew in every episode as dm_control does: bricks differ a bit; nothing is left over."""
        return self.environment.physics.model.ptr

    @property
    def data(self) -> mujoco.MjData:
        """The state of the model."""
        return self.environment.physics.data.ptr

    def begin(self, seed: int | None) -> None:
        """Start an episode, which follows from ``seed``; without one the random stream goes on."""
        if seed is not None:
            self.environment.random_state.seed(seed)
        with quiet():
            self._last = self.environment.reset()

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        """Do one environment step. No state is terminal; where the physics diverge, the episode is cut off."""
        self._last = self.environment.step(action)
        return float(self._last.reward), 1.0 if self._last.last() else None

    def feel(self) -> np.ndarray:
        """Return proprioception (36,)."""
        return np.concatenate([self._last.observation[name].ravel() for name in FELT])


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back dm_control's warnings about poses that the arm cannot take; it tries others."""
    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        yield
    finally:
        absl.setLevel(level)
