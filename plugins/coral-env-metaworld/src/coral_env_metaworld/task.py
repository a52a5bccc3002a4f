"""A task of Meta-World as an environment: drawn by coral, whichever renderer works here."""

from __future__ import annotations

import numpy as np

from coral_cli.plugin import Rendering
from coral_cli.plugin_simulation import SimulatedTask
from coral_env_metaworld import MetaWorldOptions
from coral_env_metaworld.simulation import MetaWorldSimulation


class MetaWorldTask(SimulatedTask):
    """A task with ``image``, from a camera that stands upright, and ``proprio``, the arm alone."""

    simulation: MetaWorldSimulation

    def __init__(self, task: str, options: MetaWorldOptions, rendering: Rendering) -> None:
        simulation = MetaWorldSimulation(task, options)
        super().__init__(simulation, simulation.camera, options.action_repeat, rendering)

    def metrics(self) -> dict[str, float]:
        """Return whether the task was solved at some step, and whether it is at the last one."""
        return {"success": float(self.simulation.solved), "success_at_end": float(self.simulation.solved_now)}

    def hidden_state(self) -> dict[str, np.ndarray]:
        """Return positions and velocities of all joints, and where goal and objects are, (D,) by name."""
        return {**super().hidden_state(), **self.simulation.aims()}
