"""The weight of an actor's entropy beside its returns, learned so that the entropy stays near a target."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from coral_cli.policies.descent import descend

CLIP = 1.0


class EntropyWeight(nn.Module):
    """The learned weight of the entropy bonus, as a function of a raw parameter that starts at 0.

    ``sigmoid``: 2 sigmoid(x / 2 + shift) + 1e-6; ``exponential``: exp(x + shift), which moves twice as fast at first.
    """

    def __init__(self, initial: float, form: str) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(()))
        self._sigmoid = form == "sigmoid"
        half = (initial - 1e-6) / 2
        self._shift = math.log(half / (1 - half)) if self._sigmoid else math.log(initial)

    def forward(self) -> Tensor:
        if self._sigmoid:
            return 2 * torch.sigmoid(self.raw / 2 + self._shift) + 1e-6
        return torch.exp(self.raw + self._shift)

    def learn(self, entropy: Tensor, target: float, optimizer: Optimizer) -> None:
        """Step down the gradient of weight * (entropy - target): the weight grows where the entropy is below it."""
        descend(self() * (entropy - target), self, optimizer, CLIP)
