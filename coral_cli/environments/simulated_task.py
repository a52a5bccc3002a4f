"""A simulated task as a Gymnasium environment: images drawn, proprioception, an action repeat, an end by truncation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, Dict

from coral_cli.environments.hidden_state import hidden_state
from coral_cli.environments.rendering.views import View, Views
from coral_cli.environments.stepping import is_unstable
from coral_cli.plugin import Rendering

Observation = dict[str, np.ndarray]


class Simulation(Protocol):
    """The physics, rewards and proprioception of a task, one environment step at a time."""

    steps: int
    """The environment steps of an episode."""
    seconds: float
    """The simulated time of one environment step."""
    low: np.ndarray
    """The least action (A,) that the task takes."""
    high: np.ndarray
    """The greatest action (A,) that the task takes."""
    outside: int
    """The index of the camera that shows the robot from outside."""

    @property
    def model(self) -> mujoco.MjModel:
        """The model that is simulated; it may be another one in the next episode."""
        ...

    @property
    def data(self) -> mujoco.MjData: ...

    def begin(self, seed: int | None) -> None:
        """Start an episode, which follows from ``seed``; without one the random stream goes on."""
        ...

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        """Apply the action (A,) for one environment step. An unstable one raises dm_control's PhysicsError.

        Returns the reward, and a discount if the task ends here: 0 in a terminal state, else None.
        """
        ...

    def feel(self) -> np.ndarray:
        """Return proprioception (D,)."""
        ...


class SimulatedTask(gymnasium.Env[Observation, np.ndarray]):
    """A task with ``image`` (H, W, 3) uint8, ``proprio`` (D,) float32, and actions in [-1, 1] scaled to its range.

    ``cameras`` are further sensors like ``image``, by name. A subclass may have ``metrics`` to report.
    ``reset(seed=...)`` determines the episode bit for bit.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's attribute)
    render_mode = "rgb_array"

    def __init__(
        self,
        simulation: Simulation,
        camera: int,
        action_repeat: int,
        rendering: Rendering,
        hidden: Sequence[int] = (),
        *,
        cameras: Mapping[str, int] | None = None,
        backdrop: Sequence[str] = (),
    ) -> None:
        """Take cameras by index; the geoms ``hidden`` are only seen from outside.

        To distractions the geoms named in ``backdrop`` count as sky.
        """
        self.simulation = simulation
        self._hidden = list(hidden)
        simulation.model.geom_rgba[self._hidden, 3] = 0
        self.action_repeat = action_repeat
        self.metadata = {**self.metadata, "render_fps": 1 / (simulation.seconds * action_repeat)}
        self.scene = Views(simulation.model, rendering, camera, simulation.outside, backdrop=backdrop)
        self.scenes: dict[str, View] = {"image": self.scene}
        for name, index in (cameras or {}).items():
            self.scenes[name] = View(simulation.model, rendering, index, backdrop=backdrop)
        self._steps = 0
        self.action_space = Box(-1.0, 1.0, simulation.low.shape, np.float32)
        self.observation_space = Dict(  # type: ignore[assignment]  # to Gymnasium a Dict has no arrays
            {name: Box(0, 255, (rendering.height, rendering.width, 3), np.uint8) for name in self.scenes}
            | {"proprio": Box(-np.inf, np.inf, simulation.feel().shape, np.float32)}
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        simulation = self.simulation
        simulation.begin(None if seed is None else int(self.np_random.integers(2**32, dtype=np.uint32)))
        if simulation.model is not self.scene.model:
            for view in self.scenes.values():
                view.replace(simulation.model, view.camera)
        elif simulation.model.nhfield:
            self.scene.upload_height_fields()
        self._steps = 0
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply the action ``action_repeat`` times, or until the episode ends.

        An unstable simulation cuts it short, with the observation before: MuJoCo has thrown away where the robot was.
        """
        simulation = self.simulation
        part = (np.clip(np.asarray(action, np.float64), -1, 1) + 1) / 2
        scaled = simulation.low + part * (simulation.high - simulation.low)
        total, discount = 0.0, None
        for _ in range(min(self.action_repeat, simulation.steps - self._steps)):
            try:
                reward, discount = simulation.advance(scaled)
            except RuntimeError as error:
                if not is_unstable(error):
                    raise
                return self._seen, total, False, True, self._told()
            total += reward
            self._steps += 1
            if discount is not None:
                break
        terminated = discount == 0
        truncated = not terminated and (discount is not None or self._steps >= simulation.steps)
        told = self._told() if terminated or truncated else {}
        return self._observation(), total, terminated, truncated, told

    def metrics(self) -> dict[str, float]:
        """Return what to report of an episode that ends, by name; ``success`` as a rate."""
        return {}

    def render(self) -> np.ndarray:
        """Draw the robot from outside, (256, 256, 3) uint8."""
        opacity = self.simulation.model.geom_rgba[:, 3]
        opacity[self._hidden] = 1
        view = self.scene.outside(self.simulation.data)
        opacity[self._hidden] = 0
        return view

    def hidden_state(self) -> dict[str, np.ndarray]:
        """Return positions and velocities of all joints, and the places of targets, (D,) by name."""
        return hidden_state(self.simulation.model, self.simulation.data)

    def close(self) -> None:
        for view in self.scenes.values():
            view.close()

    def _told(self) -> dict[str, Any]:
        metrics = self.metrics()
        return {"metrics": metrics} if metrics else {}

    def _observation(self) -> Observation:
        pictures = {name: view.agent(self.simulation.data) for name, view in self.scenes.items()}
        self._seen: Observation = {**pictures, "proprio": self.simulation.feel().astype(np.float32)}
        return self._seen
