"""Distractions that come after the simulator: they change a sensor's values and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import Scene


class ValueDistraction:
    """A distraction that leaves the simulated scene as it is."""

    def prepare(self, scene: Scene) -> None:
        """Do nothing: the scene stays as it is."""


def pixels(image: NDArray[np.uint8]) -> NDArray[Any]:
    """Return a view (H, W) of a contiguous (H, W, C) image, with pixels as items: masked copies take a sixth."""
    return image.view(f"V{image.shape[-1]}")[..., 0]
