"""The index of a replay: which episodes lie in which rows of its files, kept twice, and checked before it is believed.

``index.json`` is written after an episode was added. Its copy is written at checkpoints, and whenever episodes make
room, before their rows are overwritten: it never lists rows that may hold something else by now, and a run that goes on
from that checkpoint needs no more. What it lacks at the front has been dropped, whatever ``index.json`` says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs.files import replacing

NAME, COPY = "index.json", "index.copy.json"
LISTS = ("serial", "start", "length")
BETWEEN = ", "
"""What JSON has between two items of a list."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""The errors that reading a damaged index may raise."""


@dataclass(frozen=True)
class Episodes:
    """The episodes in the ring, oldest first: serial number, first row, number of transitions.

    ``written`` are the three as an index writes them, kept so that an episode more is a few letters more; () where
    that is not known.
    """

    serial: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    written: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> Episodes:
        """Return the episodes of an empty ring: none."""
        return cls.of([], [], [])

    @classmethod
    def of(cls, serial: Sequence[int], start: Sequence[int], length: Sequence[int]) -> Episodes:
        """Return the episodes with these numbers."""
        return cls(np.array(serial, np.int64), np.array(start, np.int64), np.array(length, np.int64))

    def where(self, keep: NDArray[np.bool_]) -> Episodes:
        return Episodes(self.serial[keep], self.start[keep], self.length[keep])

    def without_oldest(self, count: int) -> Episodes:
        """Return the episodes without the first ``count``."""
        left = count < len(self.serial)
        texts = tuple(text.split(BETWEEN, count)[-1] for text in self.written) if left else ()
        return Episodes(self.serial[count:], self.start[count:], self.length[count:], texts)

    def append(self, serial: int, start: int, length: int) -> Episodes:
        values = (serial, start, length)
        before = [f"{text}{BETWEEN}" if text else "" for text in self.texts()]
        written = tuple(f"{text}{value}" for text, value in zip(before, values, strict=True))
        arrays = np.append(self.serial, serial), np.append(self.start, start), np.append(self.length, length)
        return Episodes(*arrays, written)

    def texts(self) -> tuple[str, ...]:
        """Return the three as JSON has them between its brackets."""
        return self.written or tuple(BETWEEN.join(map(str, getattr(self, name).tolist())) for name in LISTS)


@dataclass(frozen=True)
class Index:
    """An index of a replay's files: how many rows they have, who lies where, and which row is written next.

    ``row_bytes`` are the sizes of a row by array; empty where an older coral wrote the index.
    """

    capacity: int
    next_serial: int
    cursor: int
    episodes: Episodes
    row_bytes: Mapping[str, int]

    @property
    def wrapped(self) -> bool:
        """Whether a row behind the last one has been written at the first again."""
        starts, ends = self.episodes.start, self.episodes.start + self.episodes.length
        return bool((ends > self.capacity).any() or (np.diff(starts) < 0).any())

    @property
    def oldest(self) -> int:
        """The number of the first episode, or of the one to come."""
        return int(self.episodes.serial[0]) if len(self.episodes.serial) else self.next_serial

    def since(self, serial: int) -> Index:
        """Return the index without the episodes before number ``serial``."""
        return replace(self, episodes=self.episodes.where(self.episodes.serial >= serial))

    def write(self, directory: Path, names: tuple[str, ...] = (NAME,), sync: bool = False) -> None:
        """Write the index under each of ``names``; with ``sync``, it is on the disk afterwards.

        Raises CoralError when it cannot be written.
        """
        numbers = {"capacity": self.capacity, "next_serial": self.next_serial, "cursor": self.cursor}
        lists = [f'"{name}": [{text}]' for name, text in zip(LISTS, self.episodes.texts(), strict=True)]
        sizes = json.dumps({"row_bytes": dict(self.row_bytes)})
        text = BETWEEN.join([json.dumps(numbers)[:-1], *lists, sizes[1:]])
        sealed = f'{text[:-1]}, "checksum": "{_checksum(text)}"}}'
        for name in names:
            with replacing(directory / name, sync) as partial:
                partial.write_text(sealed, encoding="utf-8")


def read_index(directory: Path) -> tuple[Index | None, str]:
    """Return the index, if there is one, and what to say where only its copy could be read.

    Raises UnreadableError when neither can be read.
    """
    path = directory / NAME
    try:
        copy = _read(directory / COPY)
    except UnreadableError:
        copy = None
    try:
        index = _read(path)
    except UnreadableError as error:
        if copy is not None:
            return copy, f"{error.message} Going on from its copy."
        if path.exists():
            raise
        return None, ""
    return (index.since(copy.oldest) if copy else index), ""


def _read(path: Path) -> Index:
    if not path.exists():
        raise UnreadableError(f"the replay's index {path} is gone.")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("it holds no object")
        checksum = document.pop("checksum", None)
        if checksum not in (None, _checksum(json.dumps(document))):
            raise ValueError("its checksum is wrong")
        lists = [_whole(*document[name]) for name in LISTS]
        if len(set(map(len, lists))) > 1:
            raise ValueError("its lists differ in length")
        capacity, next_serial, cursor = _whole(document["capacity"], document["next_serial"], document["cursor"])
        sizes = dict(document.get("row_bytes", {}))
        _whole(*sizes.values())
        episodes = Episodes.of(*lists)
        index = Index(capacity, next_serial, cursor, episodes, sizes)
        _check(index)
    except UNREADABLE as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else error
        raise UnreadableError(
            f"the replay's index {path} is damaged ({what}).", "Restore it, or start a new run with --init-from."
        ) from error
    return index


def _check(index: Index) -> None:
    """Raise ValueError for what no replay can have written: episodes follow each other in the ring without a gap."""
    episodes, capacity = index.episodes, index.capacity
    if capacity < 1 or index.next_serial < 0 or not 0 <= index.cursor < capacity:
        raise ValueError(f"row {index.cursor} cannot come next in {capacity} rows")
    if not len(episodes.serial):
        return
    if (np.diff(episodes.serial) != 1).any() or episodes.serial[0] < 0 or episodes.serial[-1] >= index.next_serial:
        raise ValueError("its episodes are not numbered in their order")
    if (episodes.start < 0).any() or (episodes.start >= capacity).any() or (episodes.length < 1).any():
        raise ValueError(f"an episode lies outside the {capacity} rows")
    if (episodes.length > capacity).any() or episodes.length.sum() > capacity:
        raise ValueError(f"its episodes do not fit into {capacity} rows")
    following = [*episodes.start[1:].tolist(), index.cursor]
    if ((episodes.start + episodes.length) % capacity != following).any():
        raise ValueError("its episodes overlap, or leave gaps")


def _whole(*values: Any) -> tuple[int, ...]:
    """Return ``values``, if they are whole numbers. Raises TypeError where one is not."""
    for value in values:
        if type(value) is not int:
            raise TypeError(f"{value!r} is no whole number")
    return values


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
