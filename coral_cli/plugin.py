"""Everything a plugin author imports. Importing it never imports torch.

A plugin is a package with an entry point in the group ``coral`` that names a module; the module implements
hooks, marked with ``hookimpl``, that yield component records::

    @hookimpl
    def coral_losses():
        yield Loss("mine", "What it does in one sentence.", build=build, options=MyOptions())

What computes with torch or simulates with MuJoCo (``Gaussian``, ``gather``, ``masked_mean``, ``SimulatedTask``) is
loaded when it is first asked for: import it where ``build`` is carried out, not where the record is yielded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from coral_cli.registry.errors import AbsentError, UsageError
from coral_cli.registry.events import Event
from coral_cli.registry.hooks import hookimpl
from coral_cli.registry.options import Help, LossOptions, NoOptions
from coral_cli.registry.records import (
    Check,
    Command,
    Distraction,
    Encoder,
    Environment,
    Loss,
    Objective,
    ObjectiveOptions,
    Observer,
    Policy,
    Rendering,
    Rssm,
    Sensor,
    Split,
)

if TYPE_CHECKING:
    from coral_cli.environments.control_library import require_dm_control
    from coral_cli.environments.simulated_task import SimulatedTask, Simulation
    from coral_cli.parallel.ranks import gather
    from coral_cli.representation.batch import masked_mean
    from coral_cli.representation.rssm.gaussian import Gaussian

__all__ = [
    "AbsentError",
    "Check",
    "Command",
    "Distraction",
    "DistractionModule",
    "Encoder",
    "EncoderModule",
    "Environment",
    "Event",
    "Experience",
    "Gaussian",
    "Help",
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
    "Rendering",
    "Rssm",
    "RssmModule",
    "Scene",
    "Sensor",
    "SimulatedTask",
    "Simulation",
    "Split",
    "Trajectory",
    "UsageError",
    "World",
    "gather",
    "hookimpl",
    "masked_mean",
    "require_dm_control",
]

_LOADED_LATER = {
    "Gaussian": "coral_cli.representation.rssm.gaussian",
    "SimulatedTask": "coral_cli.environments.simulated_task",
    "Simulation": "coral_cli.environments.simulated_task",
    "gather": "coral_cli.parallel.ranks",
    "masked_mean": "coral_cli.representation.batch",
    "require_dm_control": "coral_cli.environments.control_library",
}


def __getattr__(name: str) -> Any:
    """What costs an import of torch or MuJoCo."""
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LOADED_LATER[name]), name)
