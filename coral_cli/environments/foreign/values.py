"""Whether what an environment gives is of the space that it declares."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from numpy.typing import NDArray

from coral_cli.registry.sensors import SensorKind

LEEWAY = 0.25
"""How far a picture of real numbers may leave its bounds, in parts of their width: where it was scaled, for example."""

Numeric: TypeAlias = Box | Discrete | MultiBinary | MultiDiscrete
Bounds: TypeAlias = NDArray[np.float64]


class NotOfSpaceError(Exception):
    """An error that says what a value is, and what its space says."""


class Values:
    """The values of a space, as a sensor of ``kind`` has them.

    Whole numbers keep their bounds, and so does a picture of real ones up to ``LEEWAY``. A vector of real numbers,
    which no agent takes at its word, may leave them by as much as they are apart, and depth may be infinite. Vectors
    and choices may come in any shape of the right size, and whole numbers in them as real ones.
    """

    def __init__(self, space: Numeric, kind: SensorKind) -> None:
        self.shape: tuple[int, ...] = space.shape or ()
        self.dtype = space.dtype if isinstance(space, Box) else np.dtype(np.int64)
        self._flat = kind == "vector"
        self._whole = self.dtype.kind in "biu"
        self._low, self._high = _bounds(space)
        apart = self._high - self._low
        slack = np.zeros(()) if self._whole else apart * (1.0 if self._flat else LEEWAY)
        closed = np.isfinite(apart)  # with a bound on one side alone, nothing says what is far from it
        self._least = _alike(np.where(closed | self._whole, self._low - slack, -np.inf))
        self._most = _alike(np.where(closed | self._whole, self._high + slack, np.inf))
        if kind == "depth":
            self._least, self._most = _alike(np.minimum(self._low, 0.0)), np.array(np.inf)
        self._sum_up()
        self._every_byte = self.dtype == np.uint8 and bool((self._least <= 0).all() and (self._most >= 255).all())

    def only(self, entries: Sequence[int]) -> Values:
        """Return the same for who reads these ``entries`` of a vector alone: the others may be any numbers."""
        found = copy.copy(self)
        least, most = np.full(self.shape, -np.inf), np.full(self.shape, np.inf)
        least.flat[entries] = np.broadcast_to(self._least, self.shape).flat[entries]
        most.flat[entries] = np.broadcast_to(self._most, self.shape).flat[entries]
        found._least, found._most = least, most
        found._sum_up()
        return found

    def _sum_up(self) -> None:
        """Note what makes comparing quicker: that all bounds are the same, or that there are none."""
        alike = self._least.ndim == self._most.ndim == 0
        self._range = (float(self._least), float(self._most)) if alike else None
        self._free = bool((np.isneginf(self._least) & np.isposinf(self._most)).all())

    def checked(self, value: Any) -> NDArray[Any]:
        """Return ``value`` as an array of real numbers. Raises NotOfSpaceError when it is not of the space."""
        array = _array(value)
        sized = array.size == math.prod(self.shape) if self._flat else array.shape == self.shape
        if not (sized and self._typed(array)):
            declared = f"{self.dtype} {self.shape}"
            raise NotOfSpaceError(f"{array.dtype} {array.shape}, but its space says {declared}")
        if self._whole and array.dtype.kind == "f" and (broken := array != np.rint(array)).any():
            raise NotOfSpaceError(f"{array[broken][0]:g}, but its space says whole numbers ({self.dtype})")
        if not (self._free or (self._every_byte and array.dtype == np.uint8)):
            self._keep_bounds(array.reshape(self.shape))
        return array

    def _typed(self, array: NDArray[Any]) -> bool:
        """Tell whether, in a picture, neither real numbers from 0 to 1 nor bytes are taken for the other."""
        if self._flat or self._whole == (array.dtype.kind != "f"):
            return True
        return not self._whole and bool(self._most.max() >= 255)

    def _keep_bounds(self, array: NDArray[Any]) -> None:
        if not array.size or (self._range and self._range[0] <= array.min() and array.max() <= self._range[1]):
            return
        bad = (array < self._least) | (array > self._most)
        if not self._flat:  # a byte cannot hold it; in a vector whoever records it says so
            bad |= np.isnan(array)
        if bad.any():
            worst = np.abs(array[bad].astype(np.float64)).argmax()
            low, high = (np.broadcast_to(bound, array.shape)[bad][worst] for bound in (self._low, self._high))
            raise NotOfSpaceError(f"{array[bad][worst]:g}, but its space says {low:g} to {high:g}")


def _array(value: Any) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except Exception as error:
        raise NotOfSpaceError(f"a {type(value).__name__} that is no array ({error})") from error
    if array.dtype.kind not in "biuf":
        text = {"U": "text", "S": "text", "c": "complex numbers"}
        seen = text.get(array.dtype.kind, "None" if value is None else f"a {type(value).__name__}")
        raise NotOfSpaceError(f"{seen}, but its space says real numbers")
    return array


def _bounds(space: Numeric) -> tuple[Bounds, Bounds]:
    """Return the least and the greatest value."""
    if isinstance(space, Box):
        return space.low.astype(np.float64), space.high.astype(np.float64)
    if isinstance(space, MultiBinary):
        return np.zeros(()), np.ones(())
    low = np.asarray(space.start, np.float64)
    return low, low + (space.n if isinstance(space, Discrete) else space.nvec) - 1


def _alike(bounds: Bounds) -> Bounds:
    """Return one number () where all are the same: comparing is quicker then."""
    return np.array(bounds.flat[0]) if bounds.size and (bounds == bounds.flat[0]).all() else bounds
