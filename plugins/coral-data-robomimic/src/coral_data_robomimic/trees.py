"""Arrays in an HDF5 file, by path."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import Sensor, UnreadableError
from coral_cli.plugin_recordings import sensor_of

BLOCK = 64
"""Rows that are read at a time: one by one, each chunk of a file would be unpacked again and again."""


def opened(path: Path) -> h5py.File:
    """Open a file to be read. Raises UnreadableError for what is none."""
    if not path.is_file():
        raise UnreadableError(f"{path} is no file.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise UnreadableError(f"{path} is no HDF5 file, or damaged ({error}).") from error


def numbered(names: Collection[str], prefix: str) -> list[str]:
    """Return those names that are ``prefix`` and a number, in the order of their numbers."""
    found = [name for name in names if name.startswith(prefix) and name.removeprefix(prefix).isdecimal()]
    return sorted(found, key=lambda name: int(name.removeprefix(prefix)))


def sensors_in(node: Any, left_out: Collection[str]) -> dict[str, Sensor]:
    """Return the sensors of a group by their paths in it, without parts that are called as in ``left_out``."""
    unwanted = frozenset(left_out)
    arrays = {path: node[path] for path in _paths(node) if unwanted.isdisjoint(path.split("/"))}
    found = {path: sensor_of(path, array.shape[1:], str(array.dtype)) for path, array in arrays.items()}
    return {path: sensor for path, sensor in found.items() if sensor is not None}


def values(*arrays: Any) -> Iterator[NDArray[Any]]:
    """Yield the rows of arrays, one after another."""
    return chain.from_iterable(map(_rows, arrays))


def _rows(array: Any) -> Iterator[NDArray[Any]]:
    for first in range(0, len(array), BLOCK):
        yield from np.asarray(array[first : first + BLOCK])


def _paths(node: Any, above: str = "") -> Iterator[str]:
    for name, inner in node.items():
        if isinstance(inner, h5py.Group):
            yield from _paths(inner, f"{above}{name}/")
        elif inner.ndim:
            yield f"{above}{name}"
