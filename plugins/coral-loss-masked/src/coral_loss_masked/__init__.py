"""The loss ``masked``: what coral asks of this package. Importing it does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Help, Loss, LossOptions, Sensor, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import LossModule


@dataclass(frozen=True)
class MaskedOptions(LossOptions):
    """Options of what is hidden, and of the transformer that fills it in."""

    share: Annotated[float, Help("Share of the spans of steps that are hidden.", min=0, max=1)] = 0.5
    span: Annotated[int, Help("Steps that are hidden together; at most half of a sequence.", min=1)] = 4
    width: Annotated[int, Help("Units of the transformer.", min=1)] = 128
    heads: Annotated[int, Help("Attention heads; they divide the width.", min=1)] = 4
    layers: Annotated[int, Help("Layers of the transformer.", min=1)] = 2


def build(options: MaskedOptions, sensor: Sensor, embedding_size: int, feature_size: int) -> LossModule:
    """Return the loss of one sensor, of any kind. Raises UsageError when the heads do not divide the width."""
    from coral_loss_masked.loss import MaskedLatents

    if options.width % options.heads or options.width % 2:
        raise UsageError(
            f"{options.heads} attention heads do not divide {options.width} units evenly.",
            f"Set --{sensor.name}-loss.width to a multiple of {2 * options.heads}.",
        )
    return MaskedLatents(
        embedding_size, feature_size, options.share, options.span, options.width, options.heads, options.layers
    )


@hookimpl
def coral_losses() -> Iterable[Loss]:
    """Yield one loss; which latent it sees is left to the objective."""
    yield Loss("masked", "Masked latent reconstruction: hidden steps from those around.", build, MaskedOptions())
