"""What a batch shows of its sensors, and what of that a sensor's loss sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from coral_cli.registry.contracts import LossBatch
from coral_cli.representation.batch import Batch
from coral_cli.representation.loss_features import LossFeatures


@dataclass(frozen=True)
class Seen:
    """A batch's normalised observations (``targets``) and ``embeddings`` by sensor, (B, T, ...).

    ``hidden`` (B, T) is true where the posterior did not get to see the images; None: it saw all that were there.
    """

    batch: Batch
    targets: Mapping[str, Tensor]
    embeddings: Mapping[str, Tensor]
    hidden: Tensor | None = None

    def loss_batch(self, sensor: str, states: LossFeatures) -> LossBatch:
        """Return what the sensor's loss sees beside ``states``: the steps that exist, are valid and are meant."""
        valid = self.batch.valid(sensor)
        if states.hidden_only and self.hidden is not None:
            valid = self.hidden if valid is None else valid & self.hidden
        return LossBatch(
            self.targets[sensor][:, states.start :],
            self.embeddings[sensor][:, states.start :],
            states.features,
            None if valid is None else valid[:, states.start :],
            states.latent,
        )
