"""A batch of sub-sequences, and how raw sensor values become model input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from coral_cli.parallel import ranks
from coral_cli.registry.sensors import Sensor

MIN_STD = 1e-2
"""A smaller standard deviation of a vector's entry counts as constant and is replaced by 1."""

FAR = 4.0
"""Depth is cut off at this many metres."""


@dataclass(frozen=True)
class Batch:
    """A batch of B sub-sequences of T steps: (o_t, a_{t-1}, r_{t-1}, terminated_t).

    ``observations`` are raw: images (B, T, H, W, C) uint8, vectors (B, T, D) float32. ``actions`` (B, T, A) and
    ``rewards`` (B, T) led to the observation of their step. ``mask`` (B, T) is false behind an episode's end (None:
    every step is valid). ``missing`` (B, T), by sensor, is true where the sensor gave nothing.
    """

    observations: Mapping[str, Tensor]
    actions: Tensor
    rewards: Tensor
    terminated: Tensor
    mask: Tensor | None = None
    missing: Mapping[str, Tensor] = field(default_factory=dict)

    def valid(self, sensor: str) -> Tensor | None:
        """Return a mask (B, T) of the steps that exist and at which the sensor gave a value; None: all."""
        missing = self.missing.get(sensor)
        if missing is None:
            return self.mask
        return ~missing if self.mask is None else self.mask & ~missing


class Normalization(nn.Module):
    """What turns raw sensor values into model input, each kind of sensor in its own way.

    Images become ``x / 255 - 0.5`` and depth ``x / 4 - 0.5``, both channels first; vectors get mean 0 and deviation 1
    of the first episodes. Images have autocast's precision where that is on.
    """

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        super().__init__()
        self._kinds = {name: sensor.kind for name, sensor in sensors.items()}
        for name, sensor in sensors.items():
            if sensor.kind == "vector":
                self.register_buffer(f"{name}_mean", torch.zeros(sensor.shape))
                self.register_buffer(f"{name}_std", torch.ones(sensor.shape))

    def fit(self, name: str, values: Tensor) -> None:
        """Take over mean and deviation of a vector from its ``values`` (N, D)."""
        std, mean = torch.std_mean(values.double(), 0, correction=0)
        getattr(self, f"{name}_mean").copy_(mean)
        getattr(self, f"{name}_std").copy_(torch.where(std < MIN_STD, 1.0, std))

    def forward(self, name: str, value: Tensor) -> Tensor:
        """Return normalised images (N, H, W, C) as (N, C, H, W), a channels-last view, or vectors (N, D)."""
        if self._kinds[name] == "image":
            image, kind = value.permute(0, 3, 1, 2), value.device.type
            half = torch.is_autocast_enabled(kind)
            image = image.to(torch.get_autocast_dtype(kind)) if half else image.float()
            return centred(image)
        if self._kinds[name] == "depth":
            return value.permute(0, 3, 1, 2).clamp(0.0, FAR).mul_(1 / FAR).sub_(0.5)
        mean: Tensor = getattr(self, f"{name}_mean")
        std: Tensor = getattr(self, f"{name}_std")
        return (value - mean) / std


def centred(image: Tensor) -> Tensor:
    """Return pixels from 0 to 255 as numbers from -0.5 to 0.5, in the same memory."""
    return image.sub_(127.5).mul_(1 / 255)  # x - 127.5 is exact in half precision too


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean of ``values`` (B, T) over the steps where ``mask`` is true (None: all).

    Where processes learn together, it is over the steps of all: the mean of what they get is that of the whole batch.
    """
    if mask is None:
        return values.mean()
    return ranks.count() * (values * mask).sum() / ranks.total(mask.sum()).clamp(min=1)
