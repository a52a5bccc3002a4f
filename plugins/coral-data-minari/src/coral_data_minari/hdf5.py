"""Minari's episodes in one HDF5 file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import UnreadableError
from coral_data_minari.pictures import jpegs
from coral_data_minari.spaces import Leaf

SUCCESS = ("success", "is_success")


class Hdf5:
    """The episodes of a file."""

    def __init__(self, folder: Path) -> None:
        self._file = h5py.File(folder / "main_data.hdf5", "r")
        self.episodes = sum(name.startswith("episode_") for name in self._file)

    def steps(self, number: int) -> int:
        """Return the actions that an episode is said to have."""
        return int(self._group(number).attrs["total_steps"])

    def array(self, number: int, name: str) -> NDArray[Any]:
        """Return ``actions``, ``rewards``, ``terminations`` or ``truncations`` of an episode."""
        return np.asarray(self._group(number)[name][()])

    def observations(self, number: int, leaf: Leaf) -> Iterable[NDArray[Any]]:
        """Return what was observed, N + 1 values."""
        found = self._group(number)["/".join(("observations", *leaf.path))]
        if not hasattr(found, "shape"):
            raise UnreadableError(f"{leaf.name} of episode {number} is no array, as its space says.")
        if leaf.picture and found.shape[1:] != leaf.shape:
            return jpegs(found)
        return (found[row] for row in range(len(found))) if leaf.picture else np.asarray(found[()])

    def encoded(self, leaf: Leaf) -> bool:
        """Whether pictures are stored as JPEG: as bytes, of one length each or of many."""
        found = self._group(0)["/".join(("observations", *leaf.path))]
        return bool(found.shape[1:] != leaf.shape)

    def success(self, number: int) -> NDArray[Any] | None:
        """Return what the infos of an episode say of success."""
        infos = self._group(number).get("infos")
        names = [name for name in SUCCESS if infos is not None and name in infos]
        return np.asarray(infos[names[0]][()]) if names else None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _group(self, number: int) -> Any:
        name = f"episode_{number}"
        if name not in self._file:
            raise UnreadableError(f"there is no episode {number} in {self._file.filename}.")
        return self._file[name]
