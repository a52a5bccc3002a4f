"""What moves behind the agent: a source of frames, seen where the environment shows nothing of interest."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.options import Mask
from coral_cli.environments.distractions.values import ValueDistraction, pixels
from coral_cli.plugin import Scene
from coral_cli.registry.errors import CoralError

Frame = NDArray[np.uint8]
"""An image (H, W, 3)."""


class Source(Protocol):
    """A source of frames of the agent's image size."""

    def begin(self, random: np.random.Generator) -> None:
        """Begin an episode."""
        ...

    def frame(self) -> Frame:
        """Return the next frame, contiguous, to be read only."""
        ...


class Background(ValueDistraction):
    """A distraction that replaces the background of the agent's image, at its own size, by the frames of ``source``.

    ``mask`` ``"color"``: pixels where blue exceeds both red and green, the published rule; whatever else is blue goes
    as well, so let other distractions come later. ``"segmentation"``: exactly the sky and, with ``floor``, a floor
    that never moves. Raises CoralError at an episode's start when that is asked of an environment without a scene.
    """

    def __init__(self, source: Source, mask: Mask, floor: bool) -> None:
        self._source, self._mask, self._floor = source, mask, floor

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        if self._mask == "segmentation" and scene is None:
            raise CoralError(
                "this environment cannot tell which pixels are background.",
                "Tell them by their colour: mask color instead of mask segmentation.",
            )
        self._source.begin(random)

    def prepare(self, scene: Scene) -> None:
        scene.cut_out |= self._mask == "segmentation" and not self._floor

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        where = bluish(value) if self._mask == "color" or scene is None else scene.background(self._floor)
        value = np.ascontiguousarray(value)
        np.copyto(pixels(value), pixels(self._source.frame()), where=where)
        return value


def bluish(image: Frame) -> NDArray[np.bool_]:
    """Return a mask (H, W), true where blue exceeds both red and green."""
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    return (blue > red) & (blue > green)
