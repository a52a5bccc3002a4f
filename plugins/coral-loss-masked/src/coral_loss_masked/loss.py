"""Masked latent reconstruction: the embeddings of hidden steps, from the latent states around them.

After MLR (Yu et al., 2022: Mask-based Latent Reconstruction for Reinforcement Learning): a transformer sees a sequence
some of whose steps are hidden, and reconstructs what the encoder made of these. MLR hides pixels and encodes twice, the
second time with a slow copy of the encoder; a loss of coral sees what is encoded already, so here latent states are
hidden, and a learned vector takes their place. What keeps the encoder from giving the same for everything is not a slow
copy but, as in data2vec (Baevski et al., 2022), that targets carry no gradient and are normalised: here each dimension
over all valid steps, so that it gains nothing by varying less.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from coral_cli.plugin import LossBatch
from coral_cli.plugin_tensors import gather, masked_mean

EPSILON = 1e-5
"""A number added to a variance, so that a dimension that does not vary is 0 everywhere."""


class MaskedLatents(nn.Module):
    """The mean over hidden steps t and dimensions i of (transformer(f_shown)_ti - (e_ti - mean_i) / std_i)^2.

    1 is what the mean of all embeddings would cost. Steps that are not valid are neither shown nor to be reconstructed.
    Where processes learn together, means and deviations are those of all of them.
    """

    def __init__(
        self, embedding_size: int, feature_size: int, share: float, span: int, width: int, heads: int, layers: int
    ) -> None:
        super().__init__()
        self.state = nn.Linear(feature_size, width)
        self.hidden = nn.Parameter(0.02 * torch.randn(width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.embedding = nn.Linear(width, embedding_size)
        self.share, self.span = share, span

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss; as ``explained`` the share of the embeddings' variance that is reconstructed."""
        valid = torch.ones_like(batch.features[..., 0], dtype=torch.bool) if batch.mask is None else batch.mask
        chosen = hidden_steps(len(valid), valid.shape[1], self.share, self.span, valid.device)
        predicted = self.fill_in(batch.features, valid & ~chosen)  # (B, T, E)
        error = (predicted - _standardised(batch.embedding.detach(), valid)).square().mean(-1)  # (B, T)
        loss = masked_mean(error, valid & chosen)
        return loss, {"explained": 1 - loss.detach()}

    def fill_in(self, features: Tensor, shown: Tensor) -> Tensor:
        """Return the embeddings (B, T, E) as the states (B, T, F) tell them where ``shown`` (B, T) is true."""
        states = torch.where(shown[..., None], self.state(features), self.hidden)
        predicted: Tensor = self.embedding(self.transformer(states + _positions(states)))
        return predicted.float()


def hidden_steps(sequences: int, steps: int, share: float, span: int, device: torch.device) -> Tensor:
    """Draw which steps are hidden, (B, T): each sequence is cut into spans, a random ``share`` of which is hidden.

    Where the first span starts is random, too; the last one goes on at the sequence's beginning. A span is at most half
    a sequence, and at least one is hidden.
    """
    span = min(span, max(1, steps // 2))
    start = torch.randint(steps, (sequences, 1), device=device)
    number = (torch.arange(steps, device=device) + start) % steps // span  # of each step's span, (B, T)
    spans = math.ceil(steps / span)
    order = torch.rand(sequences, spans, device=device).argsort(1)
    return order.gather(1, number) < max(1, round(share * spans))


def _standardised(embedding: Tensor, valid: Tensor) -> Tensor:
    """Return (B, T, E) with mean 0 and variance 1 of each dimension over the steps where ``valid`` (B, T) is true."""
    every, counted = gather(embedding).float(), gather(valid)[..., None]
    count = counted.sum().clamp(min=1)
    mean = (every * counted).sum((0, 1)) / count
    variance = ((every - mean).square() * counted).sum((0, 1)) / count
    return (embedding - mean) * torch.rsqrt(variance + EPSILON)


def _positions(states: Tensor) -> Tensor:
    """Return sines and cosines (T, W) of the step's number (Vaswani et al., 2017)."""
    steps, width = states.shape[1:]
    rates = torch.exp(torch.arange(0, width, 2, device=states.device) * (-math.log(1e4) / width))
    angles = torch.arange(steps, device=states.device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
