"""What a plugin author imports beside ``coral_cli.plugin`` to simulate with MuJoCo, which importing it loads.

Import it where ``build`` is carried out, not where the record is yielded.
"""

from coral_cli.environments.simulated_task import SimulatedTask, Simulation

__all__ = ["SimulatedTask", "Simulation"]
