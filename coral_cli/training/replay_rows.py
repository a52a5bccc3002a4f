"""Where a replay's transitions lie: one array for each part of them, in memory-mapped files or in memory."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.runs.files import NO_ROOM, writing

Layout = Mapping[str, tuple[type, tuple[int, ...]]]
"""The data type and shape of a row, by array."""


class Rows:
    """Arrays of ``capacity`` rows each, by name.

    With a directory they are files that a later process opens again (only touched pages use memory, and only what was
    written takes disk); without, they live in memory.
    """

    def __init__(self, layout: Layout, capacity: int, directory: Path | None) -> None:
        self._capacity = capacity
        self._directory = directory
        self.arrays = {name: self._allocate(name, np.dtype(dtype), shape) for name, (dtype, shape) in layout.items()}

    def take_room(self, start: int, count: int) -> None:
        """Have the disk set ``count`` rows aside: to write into a sparse file when it is full would end the process.

        Rows behind the last one are those from the first on. Raises CoralError when there is no room.
        """
        if self._directory is None or not hasattr(os, "posix_fallocate"):
            return
        before_end = min(count, self._capacity - start)
        for name, array in self.arrays.items():
            path, row = file_of(self._directory, name), array.nbytes // self._capacity
            with writing(path):
                descriptor = os.open(path, os.O_RDWR)
                try:
                    for first, rows in ((start, before_end), (0, count - before_end)):
                        if rows * row:
                            _set_aside(descriptor, first * row, rows * row)
                finally:
                    os.close(descriptor)

    def write(self, start: int, values: Mapping[str, NDArray[Any]]) -> None:
        """Write each array (L, ...) of ``values`` from row ``start`` on; behind the last, from the first on."""
        for name, array in self.arrays.items():
            before_end = self._capacity - start
            if len(values[name]) <= before_end:
                array[start : start + len(values[name])] = values[name]
            else:
                array[start:] = values[name][:before_end]
                array[: len(values[name]) - before_end] = values[name][before_end:]

    def flush(self) -> None:
        """Write what the operating system still holds."""
        for array in self.arrays.values():
            if isinstance(array.base, np.memmap):
                array.base.flush()

    def _allocate(self, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> NDArray[Any]:
        full = (self._capacity, *shape)
        if self._directory is None:
            return np.zeros(full, dtype)
        path = file_of(self._directory, name)
        wanted = max(math.prod(full) * dtype.itemsize, 1)
        with writing(path), path.open("ab") as file:
            if os.fstat(file.fileno()).st_size < wanted:  # never shorter: it may hold what somebody goes on from
                file.truncate(wanted)
        return np.memmap(path, dtype, "r+", shape=full).view(np.ndarray)


def file_of(directory: Path, name: str) -> Path:
    """Return the file that holds one array."""
    return directory / f"{name}.bin"


def row_bytes(layout: Layout) -> dict[str, int]:
    """Return the bytes that a row of each array takes."""
    return {name: math.prod(shape) * np.dtype(dtype).itemsize for name, (dtype, shape) in layout.items()}


def check_disk(directory: Path, wanted: int) -> None:
    """Raise CoralError when files of ``wanted`` bytes altogether would not fit beside what lies there already."""
    held = sum(path.stat().st_blocks * 512 for path in directory.glob("*.bin"))
    free = shutil.disk_usage(directory).free
    if wanted - held > free:
        raise CoralError(
            f"the replay needs {wanted / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB of disk are free.",
            "Lower --replay-size, or choose another --out.",
        )


def check_files(directory: Path, layout: Layout, rows: int) -> None:
    """Raise UnreadableError when an earlier process's file is not there or holds fewer than ``rows`` rows."""
    for name, size in row_bytes(layout).items():
        file = file_of(directory, name)
        if not file.is_file() or file.stat().st_size < rows * size:
            raise UnreadableError(
                f"{file} of the replay is missing or was cut short.",
                "Restore it if you can, or start a new run with --init-from.",
            )


def check_layout(directory: Path, layout: Layout, held: Mapping[str, int]) -> None:
    """Raise UnreadableError when the rows ``held`` there (bytes by array) are not those of ``layout``."""
    wanted = row_bytes(layout)
    for name in sorted(wanted.keys() | held.keys()):
        before, now = held.get(name, 0), wanted.get(name, 0)
        if before != now:
            raise UnreadableError(
                f"the replay in {directory} has {before} bytes of {name!r} a step, not {now}.",
                "Go on with the sensors and actions that the run was started with.",
            )


def _set_aside(descriptor: int, start: int, size: int) -> None:
    """Raise OSError when there is no room; a file system that cannot tell is taken at its word."""
    try:
        os.posix_fallocate(descriptor, start, size)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
