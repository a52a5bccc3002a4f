"""Means over the valid steps of a batch."""

from __future__ import annotations

from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of (B, T) over the steps where ``mask`` is true (None: all)."""
    return values.mean() if mask is None else (values * mask).sum() / mask.sum().clamp(min=1)
