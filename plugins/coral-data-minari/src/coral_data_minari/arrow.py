"""Minari's episodes in Arrow or Parquet: a folder each, whose rows are read as one table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
from numpy.typing import NDArray

from coral_cli.plugin import UnreadableError
from coral_cli.plugin_recordings import read_json
from coral_data_minari.pictures import jpegs
from coral_data_minari.spaces import Leaf

SUCCESS = ("success", "is_success")


class Arrow:
    """The episodes in a folder. Of actions, rewards and ends there is a row too many, which is filled up."""

    def __init__(self, folder: Path, form: str) -> None:
        self._folder, self._form = folder, form
        self.episodes = sum(place.is_dir() and place.name.isdecimal() for place in folder.iterdir())
        self._last, self._table = (-1, frozenset[str]()), pa.table({})

    def steps(self, number: int) -> int:
        """Return the actions that an episode is said to have."""
        return int(read_json(self._folder / str(number) / "metadata.json")["total_steps"])

    def array(self, number: int, name: str) -> NDArray[Any]:
        """Return ``actions``, ``rewards``, ``terminations`` or ``truncations`` of an episode."""
        return numbers(self._column(number, name))[:-1]

    def observations(self, number: int, leaf: Leaf) -> Iterable[NDArray[Any]]:
        """Return what was observed, N + 1 values."""
        column = self._observed(number, leaf)
        if pa.types.is_binary(column.type):
            return jpegs(cell.as_py() for cell in column)
        return numbers(column).reshape(len(column), *leaf.shape)

    def encoded(self, leaf: Leaf) -> bool:
        """Whether pictures are stored as JPEG."""
        return bool(pa.types.is_binary(self._observed(0, leaf).type))

    def success(self, number: int) -> NDArray[Any] | None:
        """Return what the infos of an episode say of success."""
        if "infos" not in self._files(number).schema.names:
            return None
        infos = self._column(number, "infos")
        names = [field.name for field in infos.type if field.name in SUCCESS]
        return numbers(infos.field(names[0])) if names else None

    def close(self) -> None:
        """Let go of the table."""
        self._table = pa.table({})

    def _observed(self, number: int, leaf: Leaf) -> pa.Array:
        column = self._column(number, "observations")
        for part in leaf.path:
            column = column.field(part.removeprefix("_index_"))
        return column

    def _column(self, number: int, name: str) -> pa.Array:
        """Return a column as one array, whatever pieces it was written in."""
        key = number, frozenset([name])
        if self._last != key:
            self._table, self._last = self._files(number).to_table(columns=[name]), key
        column = self._table[name].combine_chunks()
        return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column

    def _files(self, number: int) -> Any:
        place = self._folder / str(number)
        if not place.is_dir():
            raise UnreadableError(f"there is no episode {number} in {self._folder}.")
        ignored = ["_", ".", "metadata.json"]
        return pa.dataset.dataset(str(place), format=self._form, ignore_prefixes=ignored)


def numbers(array: pa.Array) -> NDArray[Any]:
    """Return an array of numbers, or of lists of them of one length."""
    if pa.types.is_fixed_size_list(array.type):
        return np.asarray(array.flatten().to_numpy(zero_copy_only=False)).reshape(len(array), -1)
    return np.asarray(array.to_numpy(zero_copy_only=False))
