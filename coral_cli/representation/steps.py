"""Means over the valid steps of a batch."""

from __future__ import annotations

from torch import Tensor

from coral_cli.representation import ranks


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of (B, T) over the steps where ``mask`` is true (None: all).

    Where processes learn together, over the steps of all: the mean of what they get is the mean over the whole batch.
    """
    if mask is None:
        return values.mean()
    return ranks.count() * (values * mask).sum() / ranks.total(mask.sum()).clamp(min=1)
