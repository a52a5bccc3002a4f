"""InfoNCE between embeddings and latent states: ``cv`` on posterior samples, ``cpc`` on prior samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from coral_cli.registry.contracts import LossBatch
from coral_cli.representation.networks import mlp


class InfoNCE(nn.Module):
    """Tells each step's own embedding from those of all other N - 1 steps in the batch, and the other way round.

    logits = s * rho_o(e_i) . rho_z(f_j), with rho_o = linear + LayerNorm, rho_z = MLP + linear + LayerNorm and the
    learned inverse temperature s = softplus(raw), 1 at the start. The loss is the mean of the cross-entropies
    along both directions, in nats, at most about log N.
    """

    def __init__(
        self, embedding_size: int, feature_size: int, projection: int, hidden: int, layers: int, scale_lr: float
    ) -> None:
        super().__init__()
        self.observation = nn.Sequential(nn.Linear(embedding_size, projection), nn.LayerNorm(projection))
        self.state = nn.Sequential(mlp([feature_size] + [hidden] * layers, projection), nn.LayerNorm(projection))
        self.raw_scale = nn.Parameter(torch.tensor(math.log(math.e - 1)))
        self.learning_rates = {"raw_scale": scale_lr}

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        chosen = slice(None) if batch.mask is None else batch.mask.flatten()
        observation = self.observation(batch.embedding.flatten(0, 1)[chosen])  # (N, P)
        state = self.state(batch.features.flatten(0, 1)[chosen])  # (N, P)
        scale = softplus(self.raw_scale)
        logits = scale * (observation @ state.T).float()  # (N, N)
        own = torch.arange(len(logits), device=logits.device)
        loss = 0.5 * (cross_entropy(logits, own) + cross_entropy(logits.T, own))
        with torch.no_grad():
            accuracy = (logits.argmax(1) == own).float().mean()
        return loss, {"accuracy": accuracy, "scale": scale.detach()}
