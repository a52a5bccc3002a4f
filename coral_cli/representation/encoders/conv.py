"""The image encoder of the paper."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from coral_cli.fast.convolutions import Downsampling
from coral_cli.fast.rectifier import Rectifier
from coral_cli.fast.window_products import STRIDE, pixels_down
from coral_cli.registry.errors import UsageError

KERNEL = 4
SMALLEST = 32
"""An image's smaller side must have this many pixels."""
AT_ONCE = 128
"""So many images at once are encoded on the CPU: the largest gradients, at the first layers, are of so many alone."""


class ConvEncoder(nn.Module):
    """An encoder of four convolutions, kernel 4, stride 2, no padding, ReLU; channels d, 2d, 4d, 8d; flattened.

    Weights begin so that values keep the size of the image's (He et al., 2015). torch's own beginning shrinks them to
    four tenths in every layer: such embeddings are hardly heard in the latent beside those of other sensors.

    64x64 with d = 32 gives 1024 values. Where the smaller side is below 46 pixels, too few for four layers, there are
    three. Raises UsageError for images below 32 pixels a side.
    """

    def __init__(self, shape: tuple[int, ...], depth: int) -> None:
        super().__init__()
        height, width, channels = shape
        if min(height, width) < SMALLEST:
            raise UsageError(
                f"images of {height}x{width} are too small for the image encoder.",
                f"Use {SMALLEST} pixels a side or more.",
            )
        count = 4 if min(_side(height, 4), _side(width, 4)) >= 1 else 3
        convolutions: list[Downsampling] = []
        for layer in range(count):
            convolutions.append(Downsampling(channels, depth * 2**layer, KERNEL))
            channels = depth * 2**layer
        rectifiers: list[nn.Module] = [Rectifier(overwrites=True) for _ in convolutions]
        rectifiers[-1] = nn.ReLU(inplace=True)  # whose gradient others may have
        for convolution in convolutions:
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
        self._pairs = list(zip(convolutions, rectifiers, strict=True))
        layers = nn.Sequential(*itertools.chain(*self._pairs))
        self.layers = layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's types
        self.size = channels * _side(height, count) * _side(width, count)

    @property
    def convolutions(self) -> list[Downsampling]:
        """The convolutions, each of which a ReLU follows."""
        return [convolution for convolution, _ in self._pairs]

    def forward(self, image: Tensor) -> Tensor:
        """Return the embeddings (N, size) of images (N, C, H, W) in [-0.5, 0.5]."""
        if torch.compiler.is_exporting():
            return self._plain(image)
        if len(image) == 1 and image.device.type == "cpu" and not torch.is_grad_enabled():
            return self._single(image)
        if image.device.type != "cpu":
            return self._encoded(image)
        return torch.cat([self._encoded(part) for part in image.split(AT_ONCE)])

    def _encoded(self, image: Tensor) -> Tensor:
        for convolution, rectifier in self._pairs:
            image = convolution.rectified(image, rectifier)
        return image.permute(0, 2, 3, 1).flatten(1)

    def _plain(self, image: Tensor) -> Tensor:
        """Encode by torch's own convolutions, which other programs have, too."""
        for convolution, _ in self._pairs:
            image = conv2d(image, convolution.weight, convolution.bias, STRIDE).relu()
        return image.permute(0, 2, 3, 1).flatten(1)

    def _single(self, image: Tensor) -> Tensor:
        """Encode one image by the weights as they lie: a convolution would rearrange them for every action."""
        pixels = image.permute(0, 2, 3, 1)
        for convolution, _ in self._pairs:
            pixels = pixels_down(pixels, convolution.weight, convolution.bias).relu_()
        return pixels.flatten(1)


def _side(pixels: int, layers: int) -> int:
    """Return how many of a side's pixels ``layers`` convolutions leave."""
    for _ in range(layers):
        pixels = (pixels - KERNEL) // STRIDE + 1
    return pixels
