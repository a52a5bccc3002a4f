"""A task of robosuite as an environment: drawn by coral, whichever renderer works here."""

from __future__ import annotations

import numpy as np

from coral_cli.plugin import Rendering
from coral_cli.plugin_simulation import SimulatedTask
from coral_env_robosuite import RobosuiteOptions
from coral_env_robosuite.simulation import RobosuiteSimulation


class RobosuiteTask(SimulatedTask):
    """A task with ``image``, ``wrist``, from the camera in the hand, and ``proprio``, the arm alone."""

    simulation: RobosuiteSimulation

    def __init__(self, task: str, options: RobosuiteOptions, rendering: Rendering) -> None:
        simulation = RobosuiteSimulation(task, options)
        names = [simulation.model.geom(index).name for index in range(simulation.model.ngeom)]
        super().__init__(
            simulation,
            simulation.camera,
            options.action_repeat,
            rendering,
            cameras={"wrist": simulation.wrist},
            backdrop=[name for name in names if name.startswith("wall_")],
        )

    def metrics(self) -> dict[str, float]:
        """Return whether the task was solved at some step, and whether it is at the last one."""
        return {"success": float(self.simulation.solved), "success_at_end": float(self.simulation.solved_now)}

    def hidden_state(self) -> dict[str, np.ndarray]:
        """Return positions and velocities of all joints, and where a door's handle is, (D,) by name."""
        state = {name: value for name, value in super().hidden_state().items() if "eef_target" not in name}
        return {**state, **self.simulation.places()}
