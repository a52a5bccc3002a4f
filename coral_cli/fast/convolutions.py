"""Convolutions of stride 2, down and up, as the CPU computes them fastest: torch's own sums, arranged otherwise.

Both directions relate a fine map (N, F, H, W) and a coarse one (N, C, h, w) through a weight (C, F, kernel, kernel):
down is a convolution of the fine one, up a transposed convolution of the coarse one. Everything is channels-last.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from coral_cli.fast import image_layers
from coral_cli.fast.window_products import (
    STRIDE,
    as_matrix,
    down_by_product,
    leaves_few,
    up_by_product,
    weight_gradient,
)

FEW_CHANNELS = 16
"""Below this many output channels a transposed convolution leaves most of a vector register empty."""
MANY_CHANNELS = 128
"""From this many coarse channels on, the weight's gradient is faster as one matrix product, in half precision."""


class Downsampling(nn.Conv2d):
    """A convolution of stride 2 without padding."""

    bias: Tensor

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__(before, after, kernel, STRIDE)

    def forward(self, image: Tensor) -> Tensor:
        """Convolve (N, before, H, W) to (N, after, (H - kernel) // 2 + 1, (W - kernel) // 2 + 1)."""
        assert self.bias is not None
        if image.device.type != "cpu":
            return super().forward(image)
        if torch.is_autocast_enabled("cpu") or leaves_few(image, self.weight):
            given = _in_autocast_precision(image, self.weight, self.bias)
            return _Down.apply(*given)  # type: ignore[no-any-return, no-untyped-call]
        return super().forward(image)

    def rectified(self, image: Tensor, rectifier: nn.Module) -> Tensor:
        """Return what ``forward`` gives after its ``rectifier``, a ReLU."""
        assert self.bias is not None
        if image_layers.fits(image):
            return image_layers.rectified(image, self.weight, self.bias)
        return rectifier(self(image))  # type: ignore[no-any-return]


class Upsampling(nn.ConvTranspose2d):
    """A transposed convolution of stride 2 without padding.

    On the CPU the bias is added, and its gradient summed, apart from the convolution, where both are several times
    faster. With few output channels, each of the four phases of the output (even and odd rows and columns) is an
    ordinary convolution of the input with every second weight; all four are one convolution with four times the
    channels, three times faster than the transposed one. On a 1x1 input, all is one matrix product.
    """

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__(before, after, kernel, STRIDE)

    def forward(self, image: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve (N, before, H, W) to (N, after, 2 (H - 1) + kernel, 2 (W - 1) + kernel)."""
        if image.shape[2:] == (1, 1):
            return self._from_one_pixel(image.flatten(1))
        if image.device.type != "cpu":
            return super().forward(image)
        given = _in_autocast_precision(image, self.weight, self.bias)
        return _Up.apply(*given)  # type: ignore[no-any-return, no-untyped-call]

    def rectified(self, image: Tensor, rectifier: nn.Module) -> Tensor:
        """Return what ``forward`` gives after its ``rectifier``, a ReLU."""
        assert self.bias is not None
        if image.shape[2:] != (1, 1) and image_layers.fits(image):
            return image_layers.rectified(image, self.weight, self.bias, transposed=True)
        return rectifier(self(image))  # type: ignore[no-any-return]

    def _from_one_pixel(self, values: Tensor) -> Tensor:
        """Return the map (N, after, kernel, kernel) of single pixels (N, before)."""
        assert self.bias is not None
        height, width = self.kernel_size
        drawn = torch.addmm(self.bias.repeat(height * width), values, as_matrix(self.weight))
        return drawn.view(-1, height, width, self.out_channels).permute(0, 3, 1, 2)


def _in_autocast_precision(*values: Tensor | None) -> list[Tensor]:
    """Convert values as autocast would for a convolution; it does not look into custom functions."""
    tensors = [value for value in values if value is not None]
    if not torch.is_autocast_enabled("cpu"):
        return tensors
    return [tensor.to(torch.get_autocast_dtype("cpu")) for tensor in tensors]


class _Down(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, fine: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(fine, weight)
        with torch.autocast("cpu", enabled=False):
            if leaves_few(fine, weight):
                return down_by_product(fine, weight, bias)
            return conv2d(fine, weight, bias, stride=STRIDE)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        fine, weight = context.saved_tensors
        coarse = gradients[0].contiguous(memory_format=torch.channels_last)
        of_fine, of_weight = _gradients(coarse, fine, weight, context.needs_input_grad, transposed=False)
        return of_fine, of_weight, coarse.sum((0, 2, 3))


class _Up(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, coarse: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(coarse, weight)
        with torch.autocast("cpu", enabled=False):
            if weight.shape[1] < FEW_CHANNELS and weight.shape[2] % STRIDE == 0:
                return _by_phases(coarse, weight, bias)
            drawn = conv_transpose2d(coarse, weight, stride=STRIDE)
            # Row by row: torch adds a few values at a time slowly.
            drawn.permute(0, 2, 3, 1).view(*drawn.shape[::2], -1).add_(bias.repeat(drawn.shape[3]))
            return drawn

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        coarse, weight = context.saved_tensors
        fine = gradients[0].contiguous(memory_format=torch.channels_last)
        of_coarse, of_weight = _gradients(fine, coarse, weight, context.needs_input_grad, transposed=True)
        return of_coarse, of_weight, fine.sum((0, 2, 3))


def _gradients(
    output: Tensor, entered: Tensor, weight: Tensor, wanted: tuple[bool, ...], transposed: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients of what ``entered`` and of the weight, from the output's; None where not ``wanted``."""
    coarse, fine = (entered, output) if transposed else (output, entered)
    few = not transposed and leaves_few(fine, weight)
    many = weight.shape[0] >= MANY_CHANNELS and weight.dtype == torch.bfloat16
    of_weight = weight_gradient(coarse, fine, weight) if wanted[1] and (few or many) else None
    of_entered = up_by_product(coarse, weight, fine.shape) if wanted[0] and few else None
    rest = [wanted[0] and of_entered is None, wanted[1] and of_weight is None, False]
    if any(rest):
        others = torch.ops.aten.convolution_backward(
            output, entered, weight, None, [STRIDE] * 2, [0, 0], [1, 1], transposed, [0, 0], 1, rest
        )
        of_entered, of_weight = others[0] if rest[0] else of_entered, others[1] if rest[1] else of_weight
    return of_entered, of_weight


def _by_phases(coarse: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Sum input p - j times weight 2 j + a over j for output 2 p + a: a convolution with the weights j backwards."""
    before, after, *kernel = weight.shape
    height, width = (side // STRIDE for side in kernel)
    phases = weight.view(before, after, height, STRIDE, width, STRIDE).flip(2, 4).permute(3, 5, 1, 0, 2, 4)
    phases = phases.reshape(-1, before, height, width).contiguous(memory_format=torch.channels_last)
    drawn = conv2d(coarse, phases, bias.repeat(STRIDE**2), padding=(height - 1, width - 1)).permute(0, 2, 3, 1)
    count, rows, columns, _ = drawn.shape  # the last axis: row of the phase, its column, channel
    lines = drawn.view(count, rows, columns, STRIDE, STRIDE * after).transpose(2, 3)
    return lines.reshape(count, rows * STRIDE, columns * STRIDE, after).permute(0, 3, 1, 2)
