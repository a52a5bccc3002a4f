"""The KL's weight, steered: a target in nats per step in place of a constant."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from coral_cli.parallel import ranks

STEP = 0.01
"""How far the weight's logarithm moves in an update at most: by a factor of 1000 in 690 updates."""

FURTHEST = math.log(1e4)
"""How far it gets from 0 at most."""


class RateControl(nn.Module):
    """A multiplier of the KL term, by which the KL's mean comes to a ``target`` of R nats per step.

    Minimising the other terms subject to E[KL] <= R has the Lagrangian L + beta (E[KL] - R). After every update, beta
    goes up where the KL is above the target and down where it is below, in proportion to itself:

        log beta  <-  log beta + 0.01 clip(log(KL / R), -1, 1),  |log beta| <= log 10^4,  beta = 1 at the start.
    """

    log_weight: Tensor

    def __init__(self, target: float) -> None:
        super().__init__()
        self._target = math.log(target)
        self.register_buffer("log_weight", torch.zeros(()))

    def forward(self, kl: Tensor) -> Tensor:
        """Return beta for this update, and let the batch's mean ``kl`` in nats per step, a scalar, move the next one.

        Without gradients nothing is learned, and nothing moves.
        """
        weight = self.log_weight.exp()
        if torch.is_grad_enabled():
            mean = ranks.total(kl.detach()) / ranks.count()
            error = (mean.clamp(min=1e-6).log() - self._target).clamp(-1.0, 1.0)
            self.log_weight.add_(STEP * error).clamp_(-FURTHEST, FURTHEST)
        return weight
