"""A diagonal Gaussian latent."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from coral_cli.fast.scan.families import GaussianFamily


@dataclass(frozen=True)
class Gaussian:
    """The distribution N(mean, diag(std^2)) over the last axis."""

    mean: Tensor
    std: Tensor

    @classmethod
    def from_parameters(cls, parameters: Tensor, min_std: float) -> Gaussian:
        """Return the Gaussian over (..., Z) of these parameters (..., 2 Z), with std = softplus(raw) + min_std."""
        mean, raw = parameters.chunk(2, -1)
        return cls(mean, softplus(raw) + min_std)

    def sample(self) -> Tensor:
        """Draw mean + std * noise, reparameterised."""
        return self.at(self.noise())

    def noise(self) -> Tensor:
        """Draw standard normal numbers, one for each of a sample's."""
        return torch.randn_like(self.std)

    def at(self, noise: Tensor) -> Tensor:
        """Return the sample that ``noise`` leads to."""
        return torch.addcmul(self.mean, self.std, noise)

    def kl(self, other: Gaussian) -> Tensor:
        """Return KL(self, other) = sum of log(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2, in nats."""
        ratio = self.std / other.std
        shift = (self.mean - other.mean) / other.std
        return (0.5 * (ratio.square() + shift.square() - 1) - ratio.log()).sum(-1)

    def detach(self) -> Gaussian:
        return Gaussian(self.mean.detach(), self.std.detach())


@dataclass(frozen=True)
class Gaussians:
    """A family for the RSSM: Gaussians from (..., 2 Z) network outputs, which are means and raw deviations."""

    min_std: float

    def __call__(self, parameters: Tensor) -> Gaussian:
        return Gaussian.from_parameters(parameters, self.min_std)

    @property
    def by_hand(self) -> GaussianFamily | None:
        """What the scan by hand knows of such Gaussians; None of a subclass's, which may be others."""
        return GaussianFamily(self.min_std) if type(self) is Gaussians else None
