"""What a scene was like before it was distracted."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from coral_cli.plugin import Scene
from coral_cli.registry.errors import CoralError


def needed(scene: Scene | None, distraction: str) -> Scene:
    """Return ``scene``. Raises CoralError, naming the distraction, where there is none."""
    if scene is None:
        raise CoralError(
            f"the distraction {distraction} changes the simulated scene, and this environment has no scene.",
            "Choose one that changes the image alone, such as disks or noise.",
        )
    return scene


class Baseline:
    """The values of some of a model's arrays, to which every change is relative, so that changes never add up."""

    def __init__(self, model: Any, parts: Mapping[str, Any]) -> None:
        """Note the values of ``parts``: indices by an array's name, as ``"cam_pos"``, ``"vis.headlight.ambient"``."""
        self._arrays = {name: attrgetter(name)(model) for name in parts}
        self._parts = parts
        self._values = {name: array[parts[name]].copy() for name, array in self._arrays.items()}
        self._written: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def set(self, name: str, value: Any) -> None:
        """Write to that array's part in the model."""
        array, part = self._arrays[name], self._parts[name]
        array[part] = value
        self._written[name] = array[part].copy()

    def restore(self) -> None:
        """Write the values back, but where the task has written others since."""
        for name, written in self._written.items():
            array, part = self._arrays[name], self._parts[name]
            array[part] = np.where(array[part] == written, self._values[name], array[part])


def baseline(known: Baseline | None, model: Any, parts: Mapping[str, Any]) -> Baseline:
    """Return the baseline of ``model``, after restoring what is ``known``, in this model or in the one before.

    It is to be called before anything is changed in the episode, as other modules may change the same arrays.
    """
    if known is not None:
        known.restore()
    return Baseline(model, parts)
