"""The loss ``barlow``: what coral asks of this package. Importing it does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Help, Loss, LossOptions, Sensor, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import LossModule


@dataclass(frozen=True)
class BarlowOptions(LossOptions):
    """Options of the projections, and how the two terms are weighed."""

    projection: Annotated[int, Help("Dimensions in which embedding and latent are correlated.", min=2)] = 128
    hidden: Annotated[int, Help("Units per layer of the latent's projection.", min=1)] = 256
    layers: Annotated[int, Help("Layers of the latent's projection.", min=0)] = 2
    redundancy: Annotated[float, Help("Weight of the correlations between different dimensions.", min=0)] = 5e-3


def build(options: BarlowOptions, sensor: Sensor, embedding_size: int, feature_size: int) -> LossModule:
    """Return the loss of one sensor, of any kind."""
    from coral_loss_barlow.loss import Barlow

    return Barlow(embedding_size, feature_size, options.projection, options.hidden, options.layers, options.redundancy)


@hookimpl
def coral_losses() -> Iterable[Loss]:
    """Yield one loss; which latent it sees is left to the objective."""
    yield Loss("barlow", "Barlow Twins: decorrelated agreement, no negatives.", build, BarlowOptions(), crop=True)
