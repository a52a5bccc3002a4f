"""Redundancy reduction between embeddings and latent states (Zbontar et al., 2021: Barlow Twins)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from coral_cli.plugin import LossBatch
from coral_cli.plugin_tensors import gather

EPSILON = 1e-5
"""A number added to a variance, so that a dimension that does not vary gives correlations of 0."""


class Barlow(nn.Module):
    """A loss of C_ij, the correlation over all N valid steps of dimension i of rho_o(e_t) and j of rho_z(f_t).

    The loss is sum_i (1 - C_ii)^2 + redundancy * sum_{i != j} C_ij^2: both say the same, and each dimension something
    else. No step is told from another, so a batch of one sequence will do. It has no unit.

    Where processes learn together, the batch is that of all of them.
    """

    def __init__(
        self, embedding_size: int, feature_size: int, projection: int, hidden: int, layers: int, redundancy: float
    ) -> None:
        super().__init__()
        self.observation = nn.Linear(embedding_size, projection)
        sizes = [feature_size, *[hidden] * layers]
        dense = [(nn.Linear(before, after), nn.ELU()) for before, after in itertools.pairwise(sizes)]
        self.state = nn.Sequential(*itertools.chain(*dense), nn.Linear(sizes[-1], projection))
        self._redundancy = redundancy

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss; the mean C_ii as ``agreement``, the root mean square of the others as ``redundancy``."""
        valid = slice(None) if batch.mask is None else gather(batch.mask)
        observation = gather(self.observation(batch.embedding))[valid].flatten(0, -2)  # (N, P)
        state = gather(self.state(batch.features))[valid].flatten(0, -2)  # (N, P)
        correlation = _correlation(observation, state)
        same = correlation.diagonal()
        other = correlation.square().sum() - same.square().sum()
        metrics = {"agreement": same.mean(), "redundancy": (other / (correlation.numel() - len(same))).sqrt()}
        return (1 - same).square().sum() + self._redundancy * other, metrics


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return the correlations (P, P) of (N, P) and (N, P), in full precision; 0 where N is 0 or 1."""
    with torch.autocast(one.device.type, enabled=False):
        return _standardised(one).T @ _standardised(other) / max(1, len(one))


def _standardised(values: Tensor) -> Tensor:
    """Return values (N, P) with mean 0 and variance 1 over the steps."""
    values = values.float()
    count = max(1, len(values))
    centred = values - values.sum(0) / count
    variance = centred.square().sum(0) / count
    return centred * torch.rsqrt(variance + EPSILON)
