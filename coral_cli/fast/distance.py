"""Squared distances whose gradient keeps one tensor instead of three."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def squared_distance(mean: Tensor, target: Tensor) -> Tensor:
    """Return the sums of squares (N) of ``mean - target``, (N, ...) each, added up in single precision at least.

    ``target`` gets no gradient.
    """
    return _SquaredDistance.apply(mean, target)  # type: ignore[no-any-return, no-untyped-call]


class _SquaredDistance(torch.autograd.Function):
    """A squared distance that saves the difference alone, as precise as ``mean``: images are large tensors."""

    @staticmethod
    def forward(context: Any, mean: Tensor, target: Tensor) -> Tensor:
        difference = mean - target.to(mean.dtype)
        context.save_for_backward(difference)
        exact = torch.promote_types(mean.dtype, torch.float32)
        norm: Tensor = torch.linalg.vector_norm(difference, dim=list(range(1, mean.dim())), dtype=exact)
        return norm.square()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (difference,) = context.saved_tensors
        scale = (2 * gradients[0]).to(difference.dtype)
        return difference * scale.view(-1, *[1] * (difference.dim() - 1)), None
