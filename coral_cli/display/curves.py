"""Small curves made of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"


class Curve:
    """The values of a whole run in bounded memory: when full, neighbours are averaged in pairs."""

    LIMIT = 512

    def __init__(self) -> None:
        self.values: list[float] = []
        self._stride = 1
        self._pending: list[float] = []

    def add(self, value: float | None) -> None:
        """Take the next value; what is missing or not finite is left out."""
        if value is None or not math.isfinite(value):
            return
        self._pending.append(value)
        if len(self._pending) < self._stride:
            return
        self.values.append(_mean(self._pending))
        self._pending.clear()
        if len(self.values) == self.LIMIT:
            self.values = _buckets(self.values, self.LIMIT // 2)
            self._stride *= 2


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw ``values``, all of them, in at most ``width`` characters; the lowest is the lowest block.

    The highest tenth is cut off at the top block when there are many, so that the first updates of a run
    do not flatten the rest.
    """
    values = _buckets(values, width)
    if not values:
        return ""
    low, high = min(values), sorted(values)[-1 - len(values) // 10]
    top = len(BLOCKS) - 1
    scale = top / (high - low) if high > low else 0.0
    return "".join(BLOCKS[min(top, round((value - low) * scale))] for value in values)


def _buckets(values: Sequence[float], count: int) -> list[float]:
    """Return at most ``count`` means over neighbours."""
    if len(values) <= count:
        return list(values)
    edges = [index * len(values) // count for index in range(count + 1)]
    return [_mean(values[start:end]) for start, end in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
