"""A ReLU between convolutions, as the CPU computes it fastest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

MINUS_INFINITY = -128
"""The bits of minus infinity in bf16, as an integer: other negative numbers lie below it, what is no number above."""


class Rectifier(nn.Module):
    """A ReLU between two convolutions of the module ``convolutions``, whose backward pass on the CPU works in place.

    Memory limits both passes. The gradient may be written over because the next convolution made it for nobody else;
    so may ``image``, if ``overwrites``, by the same reasoning.
    """

    def __init__(self, overwrites: bool) -> None:
        super().__init__()
        self._overwrites = overwrites

    def forward(self, image: Tensor) -> Tensor:
        """Return the image (N, C, H, W) with all that is below 0 set to 0."""
        if image.device.type != "cpu" or not torch.is_grad_enabled():
            return torch.relu_(image) if self._overwrites else torch.relu(image)
        return _Rectified.apply(image, self._overwrites)  # type: ignore[no-any-return, no-untyped-call]


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, image: Tensor, overwrites: bool) -> Tensor:
        if overwrites:
            context.mark_dirty(image)
        rectified = image if overwrites else torch.empty_like(image)
        if image.dtype == torch.bfloat16:
            torch.ops.aten.threshold.out(_bits(image), MINUS_INFINITY, 0, out=_bits(rectified))
        else:
            torch.clamp_min(image, 0, out=rectified)
        context.save_for_backward(rectified)
        return rectified

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rectified,), (gradient,) = context.saved_tensors, gradients
        own, read = (_bits(x) if x.dtype == torch.bfloat16 else x for x in (gradient, rectified))
        torch.ops.aten.threshold_backward.grad_input(own, read, 0, grad_input=own)
        return gradient, None


def _bits(values: Tensor) -> Tensor:
    """Return the same memory as integers of the same signs: torch compares halves several times more slowly."""
    return values.view(torch.int16)
