"""InfoNCE between embeddings and latent states: ``cv`` on posterior samples, ``cpc`` on prior samples."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from coral_cli.parallel import ranks
from coral_cli.registry.contracts import LossBatch
from coral_cli.representation.networks import mlp

Negatives = Literal["all", "other-sequences", "same-sequence"]


class InfoNCE(nn.Module):
    """A loss that tells each step's own embedding from those of the N - 1 other steps in the batch, and the reverse.

    logits = s * rho_o(e_i) . rho_z(f_j), with rho_o = linear + LayerNorm, rho_z = MLP + linear + LayerNorm and the
    learned inverse temperature s = softplus(raw), 1 at the start. The loss is the mean of the cross-entropies
    along both directions, in nats, at most about log N. ``negatives`` says which other steps count.

    Each softmax's denominator is exp(l_ii) + W sum_{same} exp(l_ij) + sum_{other} exp(l_ij): ``moments`` W weighs the
    other steps of the same sequence. What stays the same all sequence long (a film, a crop's offset) only tells other
    sequences apart. For sequences of T steps that is worth log(1 + (N - T) / (1 + W (T - 1))) nats: less, the larger W.

    With ``horizon`` K > 1 it is the mean over k = 0..K-1 of the same between the state at t, through a projection
    rho_z^k of its own, and the embedding at t + k of the same sequence (van den Oord et al., 2018).

    Where processes learn together, the batch is that of all of them.
    """

    def __init__(
        self,
        embedding_size: int,
        feature_size: int,
        projection: int,
        hidden: int,
        layers: int,
        scale_lr: float,
        negatives: Negatives = "all",
        horizon: int = 1,
        moments: float = 1.0,
    ) -> None:
        super().__init__()
        self.observation = nn.Sequential(nn.Linear(embedding_size, projection), nn.LayerNorm(projection))
        states = [
            nn.Sequential(mlp([feature_size] + [hidden] * layers, projection), nn.LayerNorm(projection))
            for _ in range(horizon)
        ]
        self.state, self.ahead = states[0], nn.ModuleList(states[1:])
        self.raw_scale = nn.Parameter(torch.tensor(math.log(math.e - 1)))
        self.learning_rates = {"raw_scale": scale_lr}
        self.negatives, self.moments = negatives, moments

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        shape = batch.embedding.shape[:2]
        observation = self.observation(batch.embedding.flatten(0, 1)).unflatten(0, shape)
        observation = ranks.gather(observation)  # (B, T, P), B of all processes from here on
        mask = None if batch.mask is None else ranks.gather(batch.mask)
        scale = softplus(self.raw_scale)
        metrics = {"scale": scale.detach()}
        losses = []
        for k, rho_z in enumerate([self.state, *self.ahead][: shape[1]]):
            later = observation[:, k:]  # (B, T - k, P)
            pairs = _pairs(mask, k)
            features = batch.features[:, : later.shape[1]]
            state = ranks.gather(rho_z(features.flatten(0, 1)).unflatten(0, features.shape[:2]))  # (B, T - k, P)
            scaled = scale * later.flatten(0, 1)[pairs]
            logits = (scaled @ state.flatten(0, 1)[pairs].T).float()  # (N, N)
            if not len(logits):
                continue
            if self.negatives != "all":
                logits = logits.masked_fill(self._left_out(later, pairs), -math.inf)
            if k == 0:
                own = torch.arange(len(logits), device=logits.device)
                metrics["accuracy"] = (logits.detach().argmax(1) == own).float().mean()
            if self.moments != 1:
                logits = logits + math.log(self.moments) * _others_of_sequence(later, pairs)
            # The cross-entropies of both directions; as the library has them, with indices, they take twice as long.
            # Along columns a GPU's softmax takes 100 times as long as along rows; the diagonal is the same.
            columns = logits.log_softmax(0) if logits.device.type == "cpu" else logits.T.log_softmax(1)
            losses.append(-0.5 * (logits.log_softmax(1) + columns).diagonal().mean())
        return torch.stack(losses).mean() if losses else scale.new_zeros(()), metrics

    def _left_out(self, steps: Tensor, pairs: Tensor | slice) -> Tensor:
        """Return which ``pairs`` of ``steps`` (B, T, P) are not told apart, a mask (N, N) without the diagonal."""
        others = _others_of_sequence(steps, pairs)
        return (~others).fill_diagonal_(False) if self.negatives == "same-sequence" else others


def _others_of_sequence(steps: Tensor, pairs: Tensor | slice) -> Tensor:
    """Return which ``pairs`` of ``steps`` (B, T, P) are two different ones of one sequence, a mask (N, N)."""
    sequence = torch.arange(len(steps), device=steps.device).repeat_interleave(steps.shape[1])[pairs]  # (N)
    return (sequence[:, None] == sequence).fill_diagonal_(False)


def _pairs(mask: Tensor | None, k: int) -> Tensor | slice:
    """Return an index of those of the B (T - k) pairs of steps t and t + k in which both are valid."""
    return slice(None) if mask is None else (mask[:, : mask.shape[1] - k] & mask[:, k:]).flatten()
