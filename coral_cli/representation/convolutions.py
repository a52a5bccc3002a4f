"""Convolutions of stride 2, down and up, as the CPU computes them fastest: torch's own sums, arranged otherwise.

Both directions relate a fine map (N, F, H, W) and a coarse one (N, C, h, w) through a weight (C, F, kernel, kernel):
down is a convolution of the fine one, up a transposed convolution of the coarse one. Everything is channels-last.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

STRIDE = 2
FEW_CHANNELS = 16
"""Below this many output channels a transposed convolution leaves most of a vector register empty."""
MANY_CHANNELS = 128
"""From this many coarse channels on, the weight's gradient is faster as one matrix product, in half precision."""


class Downsampling(nn.Conv2d):
    """A convolution of stride 2 without padding."""

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__(before, after, kernel, STRIDE)

    def forward(self, image: Tensor) -> Tensor:
        """(N, before, H, W) to (N, after, (H - kernel) // 2 + 1, (W - kernel) // 2 + 1)."""
        if image.device.type == "cpu" and len(image) == 1 and not torch.is_grad_enabled():
            return self._of_one_image(image)
        if image.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(image)
        return _Down.apply(*_in_autocast_precision(image, self.weight, self.bias))  # type: ignore[no-any-return]

    def _of_one_image(self, image: Tensor) -> Tensor:
        """One matrix product, on the weights as they lie; a convolution would rearrange them for every action."""
        assert self.bias is not None
        pixels = image[0].permute(1, 2, 0).contiguous()
        rows, columns, channels = pixels.shape
        kernel, step = self.kernel_size[0], STRIDE * channels
        height, width = ((side - kernel) // STRIDE + 1 for side in (rows, columns))
        line = columns * channels
        windows = pixels.as_strided((height, width, kernel, kernel * channels), (STRIDE * line, step, line, 1))
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        drawn = torch.addmm(self.bias, windows.reshape(height * width, -1), weight.T)
        return drawn.view(1, height, width, -1).permute(0, 3, 1, 2)


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
        """(N, before, H, W) to (N, after, 2 (H - 1) + kernel, 2 (W - 1) + kernel)."""
        if image.shape[2:] == (1, 1):
            return self._from_one_pixel(image.flatten(1))
        if image.device.type != "cpu":
            return super().forward(image)
        return _Up.apply(*_in_autocast_precision(image, self.weight, self.bias))  # type: ignore[no-any-return]

    def _from_one_pixel(self, values: Tensor) -> Tensor:
        """(N, before) to (N, after, kernel, kernel)."""
        assert self.bias is not None
        height, width = self.kernel_size
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # (before, kernel * kernel * after)
        drawn = torch.addmm(self.bias.repeat(height * width), values, weight)
        return drawn.view(-1, height, width, self.out_channels).permute(0, 3, 1, 2)


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
        rectified = image.relu_() if overwrites else image.relu()
        context.save_for_backward(rectified)
        return rectified

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rectified,), (gradient,) = context.saved_tensors, gradients
        return torch.ops.aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient), None


def _in_autocast_precision(*values: Tensor | None) -> list[Tensor]:
    """What autocast would do for a convolution; it does not look into custom functions."""
    tensors = [value for value in values if value is not None]
    if not torch.is_autocast_enabled("cpu"):
        return tensors
    return [tensor.to(torch.get_autocast_dtype("cpu")) for tensor in tensors]


class _Down(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, fine: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(fine, weight)
        with torch.autocast("cpu", enabled=False):
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
            return conv_transpose2d(coarse, weight, stride=STRIDE).add_(bias[:, None, None])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        coarse, weight = context.saved_tensors
        fine = gradients[0].contiguous(memory_format=torch.channels_last)
        of_coarse, of_weight = _gradients(fine, coarse, weight, context.needs_input_grad, transposed=True)
        return of_coarse, of_weight, fine.sum((0, 2, 3))


def _gradients(
    output: Tensor, entered: Tensor, weight: Tensor, wanted: tuple[bool, ...], transposed: bool
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of what ``entered`` and of the weight, from that of the output."""
    coarse, fine = (entered, output) if transposed else (output, entered)
    as_product = wanted[1] and weight.shape[0] >= MANY_CHANNELS and weight.dtype == torch.bfloat16
    of_entered, of_weight, _ = torch.ops.aten.convolution_backward(
        output, entered, weight, None, [STRIDE] * 2, [0, 0], [1, 1], transposed, [0, 0], 1,
        [wanted[0], wanted[1] and not as_product, False],
    )  # fmt: skip
    return of_entered, _weight_gradient(coarse, fine, weight) if as_product else of_weight


def _weight_gradient(coarse: Tensor, fine: Tensor, weight: Tensor) -> Tensor:
    """The sum over all coarse pixels of their values times the window of fine pixels that each belongs to."""
    channels, kernel = weight.shape[1], weight.shape[2]
    pixels = coarse.permute(0, 2, 3, 1)  # (N, h, w, C)
    windows = (
        fine.permute(0, 2, 3, 1).unfold(1, kernel, STRIDE).unfold(2, kernel, STRIDE)
    )  # (N, h, w, F, kernel, kernel)
    columns = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * channels)
    return (pixels.flatten(0, 2).T @ columns).view(-1, kernel, kernel, channels).permute(0, 3, 1, 2)


def _by_phases(coarse: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Output 2 p + a sums input p - j times weight 2 j + a over j: a convolution with the weights j backwards."""
    before, after, *kernel = weight.shape
    height, width = (side // STRIDE for side in kernel)
    phases = weight.view(before, after, height, STRIDE, width, STRIDE).flip(2, 4).permute(3, 5, 1, 0, 2, 4)
    phases = phases.reshape(-1, before, height, width).contiguous(memory_format=torch.channels_last)
    drawn = conv2d(coarse, phases, bias.repeat(STRIDE**2), padding=(height - 1, width - 1)).permute(0, 2, 3, 1)
    count, rows, columns, _ = drawn.shape  # the last axis: row of the phase, its column, channel
    lines = drawn.view(count, rows, columns, STRIDE, STRIDE * after).transpose(2, 3)
    return lines.reshape(count, rows * STRIDE, columns * STRIDE, after).permute(0, 3, 1, 2)
