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
    Distraction,
    Encoder,
    Environment,
    Loss,
    Objective,
    ObjectiveOptions,
    Policy,
    Rendering,
    Rssm,
    Sensor,
    Split,
)

__all__ = [
    "Distraction",
    "DistractionModule",
    "Encoder",
    "EncoderModule",
    "Environment",
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
