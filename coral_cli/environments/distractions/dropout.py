"""A sensor that sometimes fails: a dropped camera frame, a lost packet of joint angles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.values import ValueDistraction
from coral_cli.plugin import Scene


class Dropout(ValueDistraction):
    """A distraction: with ``probability`` at each step, independently, the sensor gives nothing new.

    What comes instead is nothing (``mode`` ``"missing"``), zeros (``"zero"``) or the last value once more
    (``"repeat"``; the first value of an episode always arrives).
    """

    def __init__(self, probability: float, mode: str) -> None:
        self._probability, self._mode = probability, mode

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        self._random = random
        self._last: NDArray[Any] | None = None

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any] | None:
        dropped = self._random.random() < self._probability
        if self._mode == "repeat":
            return self._repeated(value, dropped)
        if not dropped:
            return value
        return None if self._mode == "missing" else np.zeros_like(value)

    def _repeated(self, value: NDArray[Any], dropped: bool) -> NDArray[Any]:
        """Return the last value again if this one is dropped; keep copies, for later distractions may change it."""
        if dropped and self._last is not None:
            return self._last.copy()
        self._last = value.copy()
        return value
