"""dm_control's Ant running down a corridor, empty or with walls to run around."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
from dm_control import composer, mjcf
from dm_control.locomotion.tasks.corridors import RunThroughCorridor
from dm_control.locomotion.walkers.ant import Ant

from coral_cli.environments.control_suite import check_camera
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.locomotion.arena import Corridor
from coral_cli.environments.simulated_task import SimulatedTask
from coral_cli.environments.stepping import checked_advance
from coral_cli.plugin import Rendering

_HIDDEN = 4  # a group of shapes that is not drawn
_TOUCHED = 1e-3  # newtons, above which dm_control's touch sensors report contact


def ant_task(walls: bool, options: ControlOptions, rendering: Rendering) -> SimulatedTask:
    """Make the task, 999 steps an episode, whose start draws walls anew. Raises UsageError for an unknown camera."""
    simulation = CorridorSimulation(walls)
    check_camera("the ant", simulation.model, options.camera)
    return SimulatedTask(simulation, options.camera, options.action_repeat, rendering)


class CorridorSimulation:
    """A composer environment whose task is stepped here, so that it neither draws nor computes what nobody sees.

    With walls every episode has a model of its own.
    """

    steps = 999

    def __init__(self, walls: bool) -> None:
        self.task = task = RunThroughCorridor(
            _ant(), Corridor(walls), contact_termination=False, terminate_at_height=None, control_timestep=0.025
        )
        for observable in task.observables.values():
            observable.enabled = False
        self.environment = composer.Environment(task, random_state=0, recompile_mjcf_every_episode=walls)
        self.seconds = task.control_timestep
        actions = self.environment.action_spec()
        self.low, self.high = actions.minimum, actions.maximum
        self.outside: int = self.model.camera("walker/float_far").id
        self._substeps: int = task.physics_steps_per_control_step
        self._sense = _ant_sense(self.model)  # walls have neither joints nor sensors

    @property
    def physics(self) -> mjcf.Physics:
        """The physics of this episode; the next one may have another."""
        return self.environment.physics

    @property
    def model(self) -> mujoco.MjModel:
        return self.physics.model.ptr

    @property
    def data(self) -> mujoco.MjData:
        return self.physics.data.ptr

    def begin(self, seed: int | None) -> None:
        if seed is not None:
            self.environment.random_state.seed(seed)
        self.environment.reset()

    def advance(self, action: np.ndarray) -> tuple[float, float | None]:
        """Step as the composer environment does, whose other hooks do nothing here."""
        physics = self.physics
        model, data = physics.model.ptr, physics.data.ptr
        data.ctrl[:] = action
        checked_advance(model, data, self._substeps)
        mujoco.mj_subtreeVel(model, data)  # the ant's hook after each substep; only the last is ever read
        return float(self.task.get_reward(physics)), None

    def feel(self) -> np.ndarray:
        mujoco.mj_forward(self.model, self.data)  # the touch sensors' forces are those of the last substep's start
        return self._sense(self.data)


def _ant() -> Ant:
    """Make the ant without range finders, which OpenGL would draw, and its sites, which lie inside and take rays."""
    ant = Ant()
    for sensor in ant.mjcf_model.sensor.get_children("rangefinder"):
        sensor.remove()
    for site in ant.mjcf_model.find_all("site"):
        site.group = _HIDDEN
    return ant


def _ant_sense(model: mujoco.MjModel) -> Callable[[mujoco.MjData], np.ndarray]:
    """Return what reads the 8 leg joints' positions and velocities, gyroscope, velocimeter, and 9 contacts."""
    joints = model.actuator_trnid[:, 0]
    positions, velocities = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
    motion = np.r_[_readings(model, "mjSENS_GYRO"), _readings(model, "mjSENS_VELOCIMETER")]
    touch = _readings(model, "mjSENS_TOUCH")

    def sense(data: mujoco.MjData) -> np.ndarray:
        sensors = data.sensordata
        return np.concatenate([
            data.qpos[positions], data.qvel[velocities], sensors[motion], sensors[touch] > _TOUCHED
        ])  # fmt: skip

    return sense


def _readings(model: mujoco.MjModel, kind: str) -> np.ndarray:
    """Return where in ``sensordata`` all sensors of a kind lie."""
    sensors = np.flatnonzero(model.sensor_type == int(getattr(mujoco.mjtSensor, kind)))
    return np.concatenate([model.sensor_adr[s] + np.arange(model.sensor_dim[s]) for s in sensors])
