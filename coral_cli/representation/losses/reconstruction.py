"""Reconstruction: the sensor's log-likelihood under a decoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from coral_cli.registry.contracts import LossBatch
from coral_cli.registry.errors import UsageError
from coral_cli.representation.networks import mlp
from coral_cli.representation.steps import masked_mean

KERNELS, STRIDE = (5, 5, 6, 6), 2


class Reconstruction(nn.Module):
    """-log N(target; decoder(features), variance) in nats, summed over the sensor's dimensions, averaged over steps."""

    def __init__(self, decoder: nn.Module, variance: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.variance = variance

    def forward(self, batch: LossBatch) -> tuple[Tensor, dict[str, Tensor]]:
        mean = self.decoder(batch.features.flatten(0, 1))  # (B T, *shape)
        target = batch.target.flatten(0, 1)
        assert mean.shape == target.shape, (mean.shape, target.shape)
        squared = (mean - target).square().flatten(1).sum(1).unflatten(0, batch.features.shape[:2])  # (B, T)
        dimensions = math.prod(target.shape[1:])
        constant = 0.5 * dimensions * math.log(2 * math.pi * self.variance)
        error = masked_mean(squared, batch.mask)
        return error / (2 * self.variance) + constant, {"mse": error.detach() / dimensions}


class VectorDecoder(nn.Module):
    """MLP with ELU to the sensor's D values."""

    def __init__(self, feature_size: int, outputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = mlp([feature_size] + [hidden] * layers, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """(N, F) to (N, D)."""
        return self.layers(features)


class ImageDecoder(nn.Module):
    """Linear to 32 d values, then transposed convolutions 5, 5, 6, 6, stride 2, channels 4d, 2d, d, C: 64x64 images.

    Raises UsageError for another image size.
    """

    def __init__(self, feature_size: int, shape: tuple[int, ...], depth: int) -> None:
        super().__init__()
        height, width, channels = shape
        if (height, width) != (64, 64):
            raise UsageError(f"the image decoder draws 64x64, not {height}x{width}.", "Use --image-size 64.")
        sizes = [32 * depth, 4 * depth, 2 * depth, depth, channels]
        self.linear = nn.Linear(feature_size, sizes[0])
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel, STRIDE)
            for before, after, kernel in zip(sizes[:-1], sizes[1:], KERNELS, strict=True)
        ).to(memory_format=torch.channels_last)

    def forward(self, features: Tensor) -> Tensor:
        """(N, F) to (N, C, 64, 64)."""
        first, *rest = self.layers
        # On a 1x1 input a transposed convolution is one matrix product.
        image = (self.linear(features) @ first.weight.flatten(1)).unflatten(1, first.weight.shape[1:])
        image = (image + first.bias[:, None, None]).contiguous(memory_format=torch.channels_last)
        for layer in rest:
            image = layer(torch.relu(image))
        return image
