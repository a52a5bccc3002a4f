"""The weights of posterior and prior samples as shares of the gradient, not as factors of their losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from coral_cli.parallel import ranks
from coral_cli.representation.loss_features import LossFeatures

DECAY = 0.99
"""How much of the moving averages stays from one update to the next."""

LARGEST = 10.0
"""The factor by which a weight is raised or lowered at most."""


class GradientBalance(nn.Module):
    """What makes the weights c_i of the K kinds of latent states that losses see count as shares of the gradient.

    Let g_i be the moving average (0.99) of |d L_i / d f_i|: the norm of the gradient that the sensors' losses on the
    states f_i, before c_i, leave at these states. The weight is

        w_i = c_i clip(G / g_i, 1/10, 10),    G = sum_i c_i g_i / sum_i c_i,

    so that the parts reach the latent in the ratio of the c_i, with the norms' sum as it was. A part that has become
    easy has a small gradient and would be left out; one without any keeps c_i.
    """

    norms: Tensor

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.register_buffer("norms", torch.zeros(kinds))

    def forward(self, kinds: Sequence[LossFeatures], losses: Sequence[Tensor]) -> list[Tensor]:
        """Return the weights (scalars) for the ``losses`` (scalars) on ``kinds``; without gradients, from before."""
        if torch.is_grad_enabled():
            measured = torch.stack([_norm(loss, states.features) for loss, states in zip(losses, kinds, strict=True)])
            measured = ranks.total(measured) / ranks.count()
            self.norms.copy_(torch.where(self.norms > 0, self.norms.lerp(measured, 1 - DECAY), measured))
        shares, norms = [states.weight for states in kinds], self.norms.clone().unbind()
        mean = torch.stack([share * norm for share, norm in zip(shares, norms, strict=True)]).sum() / sum(shares)
        factors = [torch.where(norm > 0, mean / norm, 1.0).clamp(1 / LARGEST, LARGEST) for norm in norms]
        return [share * factor for share, factor in zip(shares, factors, strict=True)]


def _norm(loss: Tensor, features: Tensor) -> Tensor:
    """Return |d loss / d features|; this passes through the loss alone and leaves all gradients as they are."""
    zero = torch.zeros((), device=features.device)
    if not (loss.requires_grad and features.requires_grad):
        return zero
    (gradient,) = torch.autograd.grad(loss, features, retain_graph=True, allow_unused=True)
    norm: Tensor = zero if gradient is None else torch.linalg.vector_norm(gradient.float())
    return norm
