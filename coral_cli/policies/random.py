"""Uniform random actions: what any policy is to be compared with."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim import Optimizer

from coral_cli.registry.contracts import Experience


class RandomActions(nn.Module):
    """A policy of actions uniform in [-1, 1], whatever is seen and whether or not it explores. It learns nothing."""

    def __init__(self, action_size: int) -> None:
        super().__init__()
        self._action_size = action_size

    def act(self, features: Tensor, explore: bool) -> Tensor:
        """Draw actions (B, A) for features (B, F)."""
        return features.new_empty(len(features), self._action_size).uniform_(-1, 1)

    def update(self, experience: Experience) -> dict[str, Tensor]:
        return {}

    def optimizers(self) -> dict[str, Optimizer]:
        return {}
