"""Everything a plugin author imports. Importing it never imports torch.

A plugin is a package with an entry point in the group ``coral`` that names a module; the module implements
hooks, marked with ``hookimpl``, that yield component records::

    @hookimpl
    def coral_losses():
        yield Loss("mine", "What it does in one sentence.", build=build, options=MyOptions())
"""

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
from coral_cli.runs.events import Event

__all__ = [
    "Check",
    "Command",
    "Distraction",
    "DistractionModule",
    "Encoder",
    "EncoderModule",
    "Environment",
    "Event",
    "Experience",
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
    "Split",
    "Trajectory",
    "World",
    "hookimpl",
]
