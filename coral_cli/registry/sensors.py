"""Sensors: what an environment lets an agent observe, and how that is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SensorKind = Literal["image", "vector", "depth"]
RESERVED = frozenset({"action", "reward", "terminated", "missing", "kl", "continue", "inverse"})
"""Names that no sensor can have: a recorded step and the objective hold them beside the sensors."""

Backend = Literal["egl", "osmesa", "raycast"]
Fit = Literal["pad", "crop", "squeeze"]
"""How a picture comes to another shape: between black bars, cut off at its sides, or distorted."""


@dataclass(frozen=True)
class Sensor:
    """One named stream of observations.

    An ``image`` is ``(H, W, C)`` uint8, a ``vector`` is ``(D,)`` float32, ``depth`` is ``(H, W, 1)`` float32 in metres.
    The model sees an image as ``x / 255 - 0.5``, a vector normalised, and depth, cut off at 4 metres, as
    ``x / 4 - 0.5``.
    """

    name: str
    kind: SensorKind
    shape: tuple[int, ...]

    @property
    def spatial(self) -> bool:
        """Whether the sensor has height and width."""
        return self.kind != "vector"


@dataclass(frozen=True)
class Rendering:
    """The wish how an environment draws its image sensors.

    ``margin`` of the pixels of either side are for random crops: the model sees the rest.
    """

    height: int = 64
    width: int = 64
    quality: Literal["fast", "smooth", "paper"] = "fast"
    backend: Backend = "raycast"
    margin: int = 0
