"""The kinds of latent that a scan by hand knows: samples, and the gradient through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Family(Protocol):
    """A kind of latent, made of network outputs (..., P) and sampled with noise of its own."""

    kernel: ClassVar[str]
    """The name of the kernels for it; empty where there are none."""

    def noise(self, parameters: Tensor) -> Tensor:
        """Draw the noise that samples with parameters of this shape take."""
        ...

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return the sample (..., Z) that ``noise`` leads to."""
        ...

    def slopes(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return what ``pull`` needs to know of every step, (T, B, ...)."""
        ...

    def pull(self, slopes: Tensor, gradient: Tensor, direct: Tensor, out: Tensor) -> None:
        """Write to ``out`` the gradient (B, P) at a step's parameters: ``direct``, and that through its sample.

        ``gradient`` (B, Z) is the one at the sample. All but ``out`` are in the states' own precision.
        """
        ...


@dataclass(frozen=True)
class GaussianFamily:
    """Diagonal Gaussians from (..., 2 Z) network outputs: means, and raw r of deviations softplus(r) + min_std."""

    min_std: float
    kernel: ClassVar[str] = "gaussian"

    def noise(self, parameters: Tensor) -> Tensor:
        """Draw standard normal numbers (..., Z)."""
        return torch.randn_like(parameters.chunk(2, -1)[1])

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return the mean plus ``noise`` deviations."""
        mean, raw = parameters.chunk(2, -1)
        return torch.addcmul(mean, softplus(raw) + self.min_std, noise)

    def slopes(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return how samples (..., Z) depend on the raw numbers; on the means they do one to one."""
        return noise * torch.sigmoid(parameters.chunk(2, -1)[1])

    def pull(self, slopes: Tensor, gradient: Tensor, direct: Tensor, out: Tensor) -> None:
        """Write to ``out`` the gradient at the parameters, from ``gradient`` at samples and the ``direct`` one."""
        (direct_mean, direct_raw), (mean, raw) = direct.chunk(2, -1), out.chunk(2, -1)
        torch.add(direct_mean, gradient, out=mean)
        torch.addcmul(direct_raw, gradient, slopes, out=raw)


@dataclass(frozen=True)
class CategoricalFamily:
    """A family of categorical variables from (..., groups * classes) logits, sampled straight through."""

    classes: int
    kernel: ClassVar[str] = ""

    def noise(self, parameters: Tensor) -> Tensor:
        """Draw a number per group, (..., groups, 1), uniform in (0, 1], so that none leads to an impossible class."""
        return 1 - torch.rand_like(self._grouped(parameters.float())[..., :1])

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return a one-hot sample in every group, by the inverse of the distribution function."""
        below = self._grouped(parameters.float()).log_softmax(-1).exp().cumsum(-1)  # (..., groups, classes)
        chosen = (below < noise * below[..., -1:]).sum(-1, keepdim=True)  # (..., groups, 1)
        return torch.zeros_like(below).scatter_(-1, chosen, 1.0).flatten(-2)

    def slopes(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return probabilities (..., groups, classes): samples depend on the logits as these do."""
        return self._grouped(parameters).softmax(-1)

    def pull(self, slopes: Tensor, gradient: Tensor, direct: Tensor, out: Tensor) -> None:
        """Write to ``out`` the gradient at the logits: ``direct``, and ``gradient`` at samples through the softmax."""
        weighted = slopes * self._grouped(gradient)
        through = torch.addcmul(weighted, slopes, weighted.sum(-1, keepdim=True), value=-1)
        torch.add(direct, through.flatten(-2), out=out)

    def _grouped(self, parameters: Tensor) -> Tensor:
        groups: Tensor = parameters.unflatten(-1, (-1, self.classes))
        return groups
