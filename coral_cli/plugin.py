"""Everything a plugin author imports. Importing it never imports torch.

A plugin is a package with an entry point in the group ``coral`` that names a module; the module implements
hooks, marked with ``hookimpl``, that yield component records::

    @hookimpl
    def coral_losses():
        yield Loss("mine", "What it does in one sentence.", build=build, options=MyOptions())

What computes with torch stands in ``coral_cli.plugin_tensors``, what simulates with MuJoCo in
``coral_cli.plugin_simulation``, what reads recordings in ``coral_cli.plugin_recordings``, what passes exported agents
on in ``coral_cli.plugin_agents``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coral_cli.registry.errors import AbsentError, CoralError, UnreadableError, UsageError
from coral_cli.registry.hooks import hookimpl
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import Help, LossOptions, NoOptions
from coral_cli.registry.records import (
    Check,
    Command,
    Distraction,
    Encoder,
    Engine,
    Environment,
    Loss,
    Objective,
    Observer,
    Policy,
    Reader,
    Rssm,
    Split,
)
from coral_cli.registry.sensors import Rendering, Sensor
from coral_cli.registry.terminal import say

if TYPE_CHECKING:
    from coral_cli.registry.contracts import (
        DistractionModule,
        EncoderModule,
        Experience,
        Latent,
        LossBatch,
        LossModule,
        ObserverModule,
        PolicyInputs,
        PolicyModule,
        RssmModule,
        Scene,
        Trajectory,
        World,
    )
    from coral_cli.registry.events import Event
    from coral_cli.registry.jobs import EngineModule, Job, JobState, JobStatus
    from coral_cli.registry.recorded import RecordedEpisode, RecordingModule

__all__ = [  # noqa: F822 (some are loaded later)
    "AbsentError",
    "Check",
    "Command",
    "CoralError",
    "Distraction",
    "DistractionModule",
    "Encoder",
    "EncoderModule",
    "Engine",
    "EngineModule",
    "Environment",
    "Event",
    "Experience",
    "Gaussian",
    "Help",
    "Job",
    "JobState",
    "JobStatus",
    "Latent",
    "Loss",
    "LossBatch",
    "LossModule",
    "LossOptions",
    "NoOptions",
    "Objective",
    "ObjectiveOptions",
    "Observer",
    "ObserverModule",
    "Policy",
    "PolicyInputs",
    "PolicyModule",
    "Reader",
    "RecordedEpisode",
    "RecordingModule",
    "Rendering",
    "Rssm",
    "RssmModule",
    "Scene",
    "Sensor",
    "SimulatedTask",
    "Simulation",
    "Split",
    "Trajectory",
    "UnreadableError",
    "UsageError",
    "World",
    "gather",
    "hookimpl",
    "masked_mean",
    "require_dm_control",
    "say",
]

_CONTRACTS = """
    DistractionModule EncoderModule Experience Latent LossBatch LossModule ObserverModule PolicyInputs PolicyModule
    RssmModule Scene Trajectory World
"""
_LOADED_LATER = {
    **dict.fromkeys(_CONTRACTS.split(), "coral_cli.registry.contracts"),
    **dict.fromkeys(("EngineModule", "Job", "JobState", "JobStatus"), "coral_cli.registry.jobs"),
    **dict.fromkeys(("RecordedEpisode", "RecordingModule"), "coral_cli.registry.recorded"),
    "Event": "coral_cli.registry.events",
    **dict.fromkeys(("Gaussian", "gather", "masked_mean"), "coral_cli.plugin_tensors"),
    **dict.fromkeys(("SimulatedTask", "Simulation"), "coral_cli.plugin_simulation"),
    "require_dm_control": "coral_cli.environments.control_library",
}
"""The modules of names that most plugins need only to check their types, or that are found elsewhere today."""


def __getattr__(name: str) -> Any:
    """Load a name of another module when it is first asked for."""
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LOADED_LATER[name]), name)
