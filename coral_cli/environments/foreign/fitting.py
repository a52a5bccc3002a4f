"""How pictures and depth become those of the size asked for, the right way up and without being squeezed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.fitting import fitted
from coral_cli.registry.sensors import Fit

Size: TypeAlias = tuple[int, int]
"""Rows and columns."""


@dataclass(frozen=True)
class Framing:
    """A way from pictures (H, W, C) of any size to those of one ``size``.

    Where their aspects differ, ``pad`` leaves black stripes, ``crop`` leaves out what is at two edges, and ``squeeze``
    distorts. Before, ``flip`` reverses the rows, and ``turn`` turns by half a circle.
    """

    size: Size
    fit: Fit = "squeeze"
    flip: bool = False
    turn: bool = False

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a picture in its own size, the right way up: a view."""
        picture = picture[::-1] if self.flip else picture
        return picture[::-1, ::-1] if self.turn else picture

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (H, W, C) uint8 as a new array of the size, each pixel the mean of those it covers."""
        return self._fitted(self.upright(picture))

    def depth(self, metres: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return depth (H, W) as (height, width, 1), each pixel the nearest one; stripes are zero."""
        return self._fitted(self.upright(metres)[..., None])

    def _fitted(self, upright: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = fitted(upright[None], self.size, self.fit)[0]
        return found.copy() if np.may_share_memory(found, upright) else found
