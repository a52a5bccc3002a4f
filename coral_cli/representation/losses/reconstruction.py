"""Reconstruction: the sensor's log-likelihood under a decoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from coral_cli.fast.convolutions import Upsampling
from coral_cli.fast.distance import squared_distance
from coral_cli.fast.rectifier import Rectifier
from coral_cli.fast.window_products import STRIDE
from coral_cli.registry.contracts import LossBatch
from coral_cli.registry.errors import UsageError
from coral_cli.representation.batch import masked_mean
from coral_cli.representation.networks import mlp

KERNELS = {64: (5, 5, 6, 6), 32: (5, 6, 6)}
"""Kernels of the transposed convolutions, by the pixels of the smaller side from which they are used."""


class Reconstruction(nn.Module):
    """The loss -log N(target; decoder(features), variance) in nats, summed over dimensions, averaged over steps."""

    def __init__(self, decoder: nn.Module, variance: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.variance = variance

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        mean = self.decoder(batch.features.flatten(0, 1))  # (B T, *shape)
        target = batch.target.flatten(0, 1)
        assert mean.shape == target.shape, (mean.shape, target.shape)
        squared = squared_distance(mean, target).unflatten(0, batch.features.shape[:2])  # (B, T)
        dimensions = math.prod(target.shape[1:])
        constant = 0.5 * dimensions * math.log(2 * math.pi * self.variance)
        error = masked_mean(squared, batch.mask)
        return error / (2 * self.variance) + constant, {"mse": error.detach() / dimensions}


class VectorDecoder(nn.Module):
    """An MLP with ELU that leads to the sensor's D values."""

    def __init__(self, feature_size: int, outputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = mlp([feature_size] + [hidden] * layers, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Return vectors (N, D) for features (N, F)."""
        return self.layers(features)  # type: ignore[no-any-return]


class ImageDecoder(nn.Module):
    """A decoder to images of 64x64: linear to 32 d values, then transposed convolutions of stride 2.

    Their kernels are 5, 5, 6, 6, their channels 4d, 2d, d, C.
    Larger images start from a map of 32 d values at every position, just large enough, and lose what is too much at
    the borders. Where the smaller side is below 64, the layers are 5, 6, 6 with channels 2d, d, C, and every position
    starts from 16 d values. Raises UsageError for images below 32 pixels a side.
    """

    def __init__(self, feature_size: int, shape: tuple[int, ...], depth: int) -> None:
        super().__init__()
        height, width, channels = shape
        smallest = next((pixels for pixels in KERNELS if min(height, width) >= pixels), None)
        if smallest is None:
            raise UsageError(
                f"images of {height}x{width} are too small for the image decoder.",
                f"Use {min(KERNELS)} pixels a side or more.",
            )
        kernels = KERNELS[smallest]
        widths = [depth * 2**layer for layer in reversed(range(len(kernels) - 1))]  # 4d, 2d, d
        sizes = [8 * widths[0], *widths, channels]
        self._size = height, width
        self._start = _start(height, kernels), _start(width, kernels)
        self.linear = nn.Linear(feature_size, sizes[0] * math.prod(self._start))
        self.layers = nn.ModuleList(  # type: ignore[call-overload]  # torch does not list memory_format
            Upsampling(before, after, kernel)
            for before, after, kernel in zip(sizes[:-1], sizes[1:], kernels, strict=True)
        ).to(memory_format=torch.channels_last)
        self._rectifier = Rectifier(overwrites=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return images (N, C, H, W) for features (N, F)."""
        image = self.linear(features).unflatten(1, (*self._start, -1)).permute(0, 3, 1, 2)
        for layer in self.layers[:-1]:
            image = layer.rectified(image, self._rectifier)
        drawn: Tensor = self.layers[-1](image)
        (height, width), (drawn_height, drawn_width) = self._size, drawn.shape[2:]
        top, left = (drawn_height - height) // 2, (drawn_width - width) // 2
        return drawn[:, :, top : top + height, left : left + width]


def _start(pixels: int, kernels: tuple[int, ...]) -> int:
    """Return the smallest side from which transposed convolutions reach ``pixels``."""
    for kernel in reversed(kernels):
        pixels = math.ceil((pixels - kernel) / STRIDE) + 1
    return pixels
