"""A ReLU between convolutions, as the CPU computes it fastest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Rectifier(nn.Module):
    """A ReLU between two of these convolutions, whose backward pass on the CPU works in place.

    Memory limits both passes. The gradient may be written over because the next convolution made it for nobody else;
    so may ``image``, if ``overwrites``, by the same reasoning.
    """

    def __init__(self, overwrites: bool) -> None:
        super().__init__()
        self._overwrites = overwrites

    def forward(self, image: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        if image.device.type != "cpu" or not torch.is_grad_enabled():
            return torch.relu_(image) if self._overwrites else torch.relu(image)
        return _Rectified.apply(image, self._overwrites)  # type: ignore[no-any-return]


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, image: Tensor, overwrites: bool) -> Tensor:
        if overwrites:
            context.mark_dirty(image)
        rectified = image if overwrites else torch.empty_like(image)
        torch.clamp_min(_comparable(image), 0, out=_comparable(rectified))
        context.save_for_backward(rectified)
        return rectified

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rectified,), (gradient,) = context.saved_tensors, gradients
        own = _comparable(gradient)
        torch.ops.aten.threshold_backward.grad_input(own, _comparable(rectified), 0, grad_input=own)
        return gradient, None


def _comparable(values: Tensor) -> Tensor:
    """The same memory as numbers of the same signs: torch compares halves several times more slowly than integers."""
    return values.view(torch.int16) if values.dtype == torch.bfloat16 else values
