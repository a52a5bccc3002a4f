"""An agent that only acts: its layers give up what they need to learn, and are faster for one row at a time."""

from __future__ import annotations

from torch import nn

from coral_cli.fast.single_rows import freeze_layers, goes_through
from coral_cli.representation.encoders.conv import ConvEncoder
from coral_cli.representation.networks import Mlp


def freeze(module: nn.Module) -> None:
    """Let all layers inside ``module`` be those of an agent that only acts; weights that change later are not seen.

    A plugin's module has its linear layers and GRUs frozen, too. What is computed stays the same, but for rounding.
    """
    freeze_layers(module)
    for part in module.modules():
        if isinstance(part, ConvEncoder):
            part.freeze()
        elif type(part) is Mlp:
            part.frozen = goes_through(part)
