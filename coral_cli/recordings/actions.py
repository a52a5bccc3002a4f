"""Actions between -1 and 1, as policies have them, from the numbers that a robot was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json

Limits: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The lowest and the highest action (A,)."""
By: TypeAlias = Literal["bounds", "flags", "range", "keep"]
ENDLESS = float(np.finfo(np.float32).max) / 2
"""What a bound beyond it says is that there is none: the largest number stands where infinity cannot."""
HINT = "Choose --scale-actions range, or LOW:HIGH, such as -3.14:3.14 or -1,-1,0:1,1,0.08."


@dataclass(frozen=True)
class Scaling:
    """What takes actions from ``limits`` to -1 and 1; ``by`` says where those are from."""

    by: By
    limits: Limits

    def __call__(self, actions: NDArray[Any]) -> NDArray[np.float32]:
        """Return actions (N, A) between -1 and 1: beyond the limits, they are cut off."""
        low, high = self.limits
        out: NDArray[np.float32] = (2 * (np.asarray(actions, np.float64) - low) / (high - low) - 1).clip(-1, 1)
        return out.astype(np.float32)

    def beyond(self, seen: Limits) -> bool:
        """Whether an action of those ``seen`` lies beyond the limits, by more than rounding."""
        low, high = self.limits
        slack = 1e-6 * (high - low)
        return bool((seen[0] < low - slack).any() or (seen[1] > high + slack).any())

    @property
    def metadata(self) -> Json:
        """What a dataset says of it: an action a was recorded as ``low + (a + 1) / 2 * (high - low)``."""
        return {"by": self.by, "low": self.limits[0].tolist(), "high": self.limits[1].tolist()}


def scaling(wish: str | None, bounds: Limits | None, seen: Limits) -> Scaling:
    """Return the scaling that ``wish`` asks for: ``bounds``, ``range``, ``keep`` or ``LOW:HIGH``.

    Without a wish it is the format's ``bounds``; where it says none, actions between -1 and 1 are kept, and others have
    the range of those ``seen``. Raises UsageError for what cannot be.
    """
    size = len(seen[0])
    one: Limits = np.full(size, -1.0), np.full(size, 1.0)
    finite = bounds is not None and bool((np.abs(bounds) < ENDLESS).all() and (bounds[1] > bounds[0]).all())
    within = bool((seen[0] >= -1).all() and (seen[1] <= 1).all())
    if wish is None:
        wish = "bounds" if finite else "keep" if within else "range"
    if wish == "bounds":
        if bounds is None or not finite:
            raise UsageError("the recordings say no bounds of their actions.", HINT)
        return Scaling("bounds", (np.asarray(bounds[0], np.float64), np.asarray(bounds[1], np.float64)))
    if wish == "range":
        return Scaling("range", _apart(seen))
    if wish == "keep":
        if not within:
            told = f"actions go from {seen[0].min():.4g} to {seen[1].max():.4g}"
            raise UsageError(f"{told}, and a policy's from -1 to 1.", HINT)
        return Scaling("keep", one)
    return Scaling("flags", _limits(wish, size))


def _apart(seen: Limits) -> Limits:
    """Return limits that differ, also of an action that is always the same: it becomes 0."""
    same = seen[0] == seen[1]
    return seen[0] - same, seen[1] + same


def _limits(text: str, size: int) -> Limits:
    low, _, high = text.partition(":")
    try:
        sides = [np.array([float(word) for word in side.split(",")]) for side in (low, high)]
    except ValueError:
        raise UsageError(f"--scale-actions cannot be {text!r}.", HINT) from None
    if any(len(side) not in (1, size) for side in sides):
        raise UsageError(f"--scale-actions has {len(sides[0])} and {len(sides[1])} numbers for {size} actions.", HINT)
    limits = np.broadcast_to(sides[0], (size,)), np.broadcast_to(sides[1], (size,))
    if not (np.isfinite(limits).all() and (limits[1] > limits[0]).all()):
        raise UsageError(f"--scale-actions cannot be {text!r}: each HIGH must be above its LOW.", HINT)
    return limits
