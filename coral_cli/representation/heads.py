"""What else the latent state must tell: rewards, whether the episode goes on, which action led from state to state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from coral_cli.representation.batch import Batch, masked_mean
from coral_cli.representation.networks import mlp


@dataclass(frozen=True)
class HeadSizes:
    """The sizes of the heads, which are MLPs of ``layers`` x ``hidden``."""

    hidden: int = 128
    layers: int = 2
    reward: float = 1.0
    """Weight of the reward's loss."""
    inverse_dynamics: float = 0.0
    """Weight of the inverse dynamics; 0: no such head."""
    continues: bool = False
    """Whether to predict that an episode goes on."""
    rewarded: bool = True
    """Whether there are rewards to predict: not in every recording."""


def build_heads(sizes: HeadSizes, feature_size: int, action_size: int) -> nn.ModuleDict:
    """Make the heads: ``reward`` and ``continue`` map a state (F) to one number, ``inverse`` two (2 F) to an action."""
    hidden = [sizes.hidden] * sizes.layers
    heads = nn.ModuleDict({"reward": mlp([feature_size, *hidden], 1)} if sizes.rewarded else {})
    if sizes.continues:
        heads["continue"] = mlp([feature_size, *hidden], 1)
    if sizes.inverse_dynamics:
        heads["inverse"] = mlp([2 * feature_size, *hidden], action_size)
    return heads


def head_losses(heads: nn.ModuleDict, features: Tensor, batch: Batch) -> Mapping[str, Tensor]:
    """Return each head's loss on posterior samples (B, T, F), in nats; the inverse dynamics' is a squared error."""
    losses = {"reward": _reward(heads["reward"](features).squeeze(-1), batch)} if "reward" in heads else {}
    if "continue" in heads:
        losses["continue"] = _continue(heads["continue"](features).squeeze(-1), batch)
    if "inverse" in heads:
        pairs = torch.cat([features[:, :-1], features[:, 1:]], -1)
        losses["inverse"] = _inverse(heads["inverse"](pairs), batch)
    return losses


def _reward(predicted: Tensor, batch: Batch) -> Tensor:
    """Return -log N(r; predicted, 1), averaged over steps."""
    squared = masked_mean((predicted - batch.rewards).square(), batch.mask)
    return 0.5 * (squared + math.log(2 * math.pi))


def _continue(logits: Tensor, batch: Batch) -> Tensor:
    """Return -log Bernoulli(not terminated; sigmoid(logits)), averaged over steps."""
    goes_on = 1 - batch.terminated.to(logits.dtype)
    return masked_mean(binary_cross_entropy_with_logits(logits, goes_on, reduction="none"), batch.mask)


def _inverse(predicted: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of the action between two states; that of step t + 1 led from t to it."""
    squared = (predicted - batch.actions[:, 1:]).square().mean(-1)  # (B, T - 1)
    return masked_mean(squared, None if batch.mask is None else batch.mask[:, 1:])
