"""The Control Suite's quadruped climbing out of a bowl of bumps, seen through its own camera."""

from __future__ import annotations

from dm_control.rl.control import Environment
from dm_control.suite import common, quadruped

from coral_cli.environments.control_suite import ControlSimulation, check_camera
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.proprioception import escaping_quadruped
from coral_cli.environments.simulated_task import SimulatedTask
from coral_cli.plugin import Rendering


def escape_task(options: ControlOptions, rendering: Rendering) -> SimulatedTask:
    """Make the suite's task without its range finders, which nobody reads and which take most of the time.

    Raises UsageError when the model has no such camera.
    """
    xml = quadruped.make_model(floor_size=40, terrain=True, rangefinders=False)
    physics = quadruped.Physics.from_xml_string(xml, common.ASSETS)
    environment = Environment(physics, quadruped.Escape(random=0), control_timestep=0.02)
    model = physics.model.ptr
    check_camera("quadruped", model, options.camera)
    simulation = ControlSimulation(environment, escaping_quadruped, model.camera("x").id)
    return SimulatedTask(simulation, options.camera, options.action_repeat, rendering)
