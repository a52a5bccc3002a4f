"""A decoder of undistracted pictures, taught on latents that stay as they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Adam

from coral_cli.inside.ridge import varies
from coral_cli.representation.losses.reconstruction import KERNELS, ImageDecoder

SMALLEST = min(KERNELS)
"""A picture's smaller side must have this many pixels to be decoded."""
DEPTH, BATCH, LEARNING_RATE = 16, 32, 1e-3
AT_ONCE = 256
"""The number of pictures that are worked on at once."""

Normal = Callable[[Tensor], Tensor]
"""What turns raw pictures (N, H, W, C) into the model's (N, C, H, W)."""


class PictureDecoder(nn.Module):
    """A decoder from latents (N, F) to pictures (N, C, H, W) as the model has them: what differs from ``mean``."""

    def __init__(self, latents: Tensor, mean: Tensor) -> None:
        """Fit the scale to the training's ``latents`` (N, F); ``mean`` (C, H, W) is the mean of its pictures.

        Raises UsageError for pictures below ``SMALLEST`` pixels a side.
        """
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.centre: Tensor
        std, centre = torch.std_mean(latents, 0, correction=0)
        self.register_buffer("mean", mean)
        self.register_buffer("centre", centre)
        self.register_buffer("scale", torch.where(varies(latents), std, 1.0))
        channels, height, width = mean.shape
        self.decoder = ImageDecoder(latents.shape[1], (height, width, channels), DEPTH)

    def forward(self, latents: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) for latents (N, F)."""
        drawn: Tensor = self.decoder((latents - self.centre) / self.scale)
        return self.mean + drawn

    @torch.no_grad()
    def drawn(self, latents: Tensor) -> Tensor:
        """Return the pictures (N, C, H, W) of many latents."""
        return torch.cat([self(some) for some in latents.split(AT_ONCE)])


def taught_decoder(
    latents: Tensor, pictures: Tensor, normal: Normal, updates: int, seed: int, tell: Callable[[int, float], object]
) -> PictureDecoder:
    """Teach a decoder the raw ``pictures`` (N, H, W, C) of ``latents`` (N, F), by their squared errors.

    ``tell`` hears after each update how many there were, and its mean squared error. The caller's random stream stays
    as it is.
    """
    device = latents.device
    sums = [normal(some.to(device)).sum(0) for some in pictures.split(AT_ONCE)]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        decoder = PictureDecoder(latents, torch.stack(sums).sum(0) / len(pictures)).to(device)
    draws = torch.Generator().manual_seed(seed)
    adam = Adam(decoder.parameters(), LEARNING_RATE)
    for update in range(1, updates + 1):
        chosen = torch.randint(len(pictures), (BATCH,), generator=draws)
        error = (decoder(latents[chosen.to(device)]) - normal(pictures[chosen].to(device))).square().mean()
        adam.zero_grad()
        error.backward()
        adam.step()
        tell(update, float(error.detach()))
    return decoder
