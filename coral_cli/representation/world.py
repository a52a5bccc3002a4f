"""The learned model as a simulator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coral_cli.registry.contracts import RssmModule, Trajectory
from coral_cli.representation.shapes import require_shape


class LearnedWorld:
    """A ``World`` that rolls the prior on from every posterior state where ``mask`` (B, T) is true."""

    def __init__(self, rssm: RssmModule, heads: nn.ModuleDict, trajectory: Trajectory, mask: Tensor | None) -> None:
        self._rssm, self._heads = rssm, heads
        chosen = slice(None) if mask is None else mask.flatten()
        self.h = trajectory.h.detach().flatten(0, 1)[chosen]  # (N, H)
        self.z = trajectory.z.detach().flatten(0, 1)[chosen]  # (N, Z)

    def step(self, h: Tensor, z: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        following = self._rssm.predict(h, z, action)
        require_shape("--rssm", "h of predict", following, tuple(h.shape))
        return following, self._rssm.prior(following).sample()

    def features(self, h: Tensor, z: Tensor) -> Tensor:
        return torch.cat([z, h], -1)

    def reward(self, features: Tensor) -> Tensor:
        reward: Tensor = self._heads["reward"](features)
        return reward.squeeze(-1)

    def continues(self, features: Tensor) -> Tensor:
        if "continue" not in self._heads:
            return features.new_ones(features.shape[:-1])
        return torch.sigmoid(self._heads["continue"](features).squeeze(-1))
