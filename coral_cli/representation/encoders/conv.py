"""The image encoder of the paper."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coral_cli.registry.errors import UsageError

KERNEL, STRIDE, LAYERS = 4, 2, 4


class ConvEncoder(nn.Module):
    """Four convolutions, kernel 4, stride 2, no padding, ReLU; channels d, 2d, 4d, 8d; flattened.

    64x64 with d = 32 gives 1024 values. Raises UsageError for images below 46 pixels a side.
    """

    def __init__(self, shape: tuple[int, ...], depth: int) -> None:
        super().__init__()
        height, width, channels = shape
        sides = _side(height), _side(width)
        if min(sides) < 1:
            raise UsageError(
                f"images of {height}x{width} are too small for four strided convolutions.",
                "Use 46 pixels a side or more.",
            )
        layers: list[nn.Module] = []
        for layer in range(LAYERS):
            layers += [nn.Conv2d(channels, depth * 2**layer, KERNEL, STRIDE), nn.ReLU(inplace=True)]
            channels = depth * 2**layer
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.size = channels * sides[0] * sides[1]

    def forward(self, image: Tensor) -> Tensor:
        """(N, C, H, W) in [-0.5, 0.5] to (N, size)."""
        return self.layers(image).permute(0, 2, 3, 1).flatten(1)


def _side(pixels: int) -> int:
    for _ in range(LAYERS):
        pixels = (pixels - KERNEL) // STRIDE + 1
    return pixels
