"""Returns that trust what followed to some degree, and values for the rest."""

from __future__ import annotations

import torch
from torch import Tensor


def lambda_returns(
    rewards: Tensor, continues: Tensor, values: Tensor, discount: float, trace: float | Tensor
) -> Tensor:
    """V_k = r_{k+1} + discount c_{k+1} ((1 - trace) v(s_{k+1}) + trace V_{k+1}), V_H = v(s_H).

    All (H, N): row k of rewards, continues and values is of s_{k+1}, row k of the result is V_k; so is ``trace``, where
    it is not the same for all.
    """
    discounts = discount * continues
    steps = rewards + (1 - trace) * discounts * values
    future, returns = values[-1], []
    for step, factor in zip(steps.flip(0), (trace * discounts).flip(0), strict=True):
        future = step + factor * future
        returns.append(future)
    return torch.stack(returns[::-1])
