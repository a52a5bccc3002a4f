"""Depth in LeRobot's videos: codes of 12 bits, whose metres stand in the feature's ``info``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIXELS = "gray12le"
"""FFmpeg's name of the pixels in such a video."""
HIGHEST = (1 << 12) - 1
"""The code of the farthest depth; that of the nearest is 0."""


@dataclass(frozen=True)
class Codes:
    """Codes in equal steps between the metres ``low`` and ``high``, or of the logarithm of ``shift`` metres more."""

    low: float
    high: float
    shift: float
    log: bool

    def metres(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """Return the metres (H, W, 1) that codes (H, W) stand for."""
        share = codes.astype(np.float64)[..., None] / HIGHEST
        if not self.log:
            return (self.low + share * (self.high - self.low)).astype(np.float32)
        ends = math.log(self.low + self.shift), math.log(self.high + self.shift)
        return (np.exp(ends[0] + share * (ends[1] - ends[0])) - self.shift).astype(np.float32)


def codes_of(info: Mapping[str, Any]) -> Codes | None:
    """Return what codes stand for; None where ``info`` does not say it, or what cannot be."""
    told = [info.get(f"video.{name}") for name in ("depth_min", "depth_max", "shift")]
    numbers = [float(value) for value in told if isinstance(value, int | float) and math.isfinite(value)]
    log = info.get("video.use_log")
    if not isinstance(log, bool) or len(numbers) < len(told):
        return None
    low, high, shift = numbers
    return Codes(low, high, shift, log) if 0 <= low < high and (not log or low + shift > 0) else None
