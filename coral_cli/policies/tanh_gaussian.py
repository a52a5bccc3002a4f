"""A Gaussian squashed into (-1, 1) by tanh."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class TanhGaussian:
    """The distribution of tanh(u), u ~ N(mean, diag(std^2)), over the last axis."""

    mean: Tensor
    std: Tensor

    @property
    def mean_action(self) -> Tensor:
        """The action tanh(mean), which acts when nothing is explored."""
        return torch.tanh(self.mean)

    def draw(self) -> Tensor:
        """Draw a reparameterised action (..., A), where its density is not asked for."""
        return torch.tanh(torch.addcmul(self.mean, self.std, torch.randn_like(self.mean)))

    def sample(self) -> tuple[Tensor, Tensor]:
        """Draw a reparameterised action (..., A), and return it with its log-density (...).

        log p(a) = log N(u) - sum log(1 - tanh(u)^2), where log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)) is
        the form that does not overflow.
        """
        noise = torch.randn_like(self.mean)
        u = torch.addcmul(self.mean, self.std, noise)
        normal = -0.5 * (noise.square() + math.log(2 * math.pi)) - self.std.log()
        squash = 2 * (math.log(2) - u - softplus(-2 * u))
        return torch.tanh(u), (normal - squash).sum(-1)
