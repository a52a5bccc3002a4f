"""A latent of independent categorical variables with straight-through samples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coral_cli.fast.scan.families import CategoricalFamily


@dataclass(frozen=True)
class Categorical:
    """Independent groups of classes, as ``log_probabilities`` (..., groups, classes); z is (..., groups * classes)."""

    log_probabilities: Tensor

    @classmethod
    def from_parameters(cls, parameters: Tensor, classes: int) -> Categorical:
        """Return the latent of these logits (..., groups * classes), whose logarithms need full precision."""
        return cls(parameters.float().unflatten(-1, (-1, classes)).log_softmax(-1))

    @property
    def mean(self) -> Tensor:
        """The probabilities, (..., groups * classes)."""
        return self.log_probabilities.exp().flatten(-2)

    def sample(self) -> Tensor:
        """Draw a one-hot sample per group, (..., groups * classes), straight-through: with probabilities' gradients.

        It takes a uniform number per group, in (0, 1] so that it never leads to an impossible class, and the inverse of
        the distribution function: torch.multinomial draws a number per class and takes four times as long in the scan.
        """
        probabilities = self.log_probabilities.exp()
        with torch.no_grad():
            noise = 1 - torch.rand_like(probabilities[..., :1])
            below = probabilities.cumsum(-1)  # (..., groups, classes)
            chosen = (below < noise * below[..., -1:]).sum(-1, keepdim=True)  # (..., groups, 1)
            one_hot = torch.zeros_like(below).scatter_(-1, chosen, 1.0)
        return (one_hot + (probabilities - probabilities.detach())).flatten(-2)

    def kl(self, other: Categorical) -> Tensor:
        """Return KL(self, other) = sum of p1 (log p1 - log p2) over classes and groups, in nats."""
        difference = self.log_probabilities - other.log_probabilities
        return (self.log_probabilities.exp() * difference).sum((-2, -1))

    def detach(self) -> Categorical:
        return Categorical(self.log_probabilities.detach())


@dataclass(frozen=True)
class Categoricals:
    """A family for the RSSM: categorical variables from (..., groups * classes) network outputs, their logits."""

    classes: int

    def __call__(self, parameters: Tensor) -> Categorical:
        return Categorical.from_parameters(parameters, self.classes)

    @property
    def by_hand(self) -> CategoricalFamily | None:
        """What the scan by hand knows of such variables; None of a subclass's, which may be others."""
        return CategoricalFamily(self.classes) if type(self) is Categoricals else None
