"""``tf.train.Example``, the message in each record: lists of numbers or of bytes by name, without TensorFlow.

What is not asked for is stepped over, so that pictures cost nothing before they are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import UnreadableError

BYTES, FLOATS, INTS = 1, 2, 3
"""The fields of a Feature."""
VARINT, LONG, BLOB, SHORT = 0, 1, 2, 5
"""How a field is written: a number of as many bytes as it takes, 8 bytes, a length and as many bytes, 4 bytes."""
BLOCK = 1 << 22
"""Bytes of which numbers are made at a time."""


def features(record: memoryview) -> dict[str, memoryview]:
    """Return the features of a record, still packed, by name. Raises UnreadableError for another message."""
    found: dict[str, memoryview] = {}
    for part in _of(record, 1):
        for entry in _of(part, 1):
            names, values = list(_of(entry, 1)), list(_of(entry, 2))
            if names:
                found[bytes(names[-1]).decode("utf-8", "replace")] = values[-1] if values else memoryview(b"")
    return found


def blobs(feature: memoryview) -> list[memoryview]:
    """Return the list of bytes that a feature holds."""
    return [value for part in _of(feature, BYTES) for value in _of(part, 1)]


def floats(feature: memoryview) -> NDArray[np.float32]:
    """Return the list of 32-bit numbers that a feature holds, (N,)."""
    held = b"".join(value for part in _of(feature, FLOATS) for value in _of(part, 1))
    if len(held) % 4:
        raise UnreadableError("a record is damaged: a list of numbers ends inside one.")
    return np.frombuffer(held, "<f4")


def ints(feature: memoryview, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the list of whole numbers that a feature holds, (N,), as ``dtype``."""
    held = np.frombuffer(b"".join(value for part in _of(feature, INTS) for value in _of(part, 1)), np.uint8)
    found, place = [np.zeros(0, dtype)], 0
    while place < len(held):
        block = held[place : place + BLOCK]
        ends = np.flatnonzero(block < 128) + 1
        sizes = np.diff(ends, prepend=0)
        if not len(ends) or sizes.max() > 10:
            raise UnreadableError("a record is damaged: a whole number does not end.")
        found.append(_numbers(block[: ends[-1]], ends - sizes, sizes).astype(dtype))
        place += int(ends[-1])
    return np.concatenate(found)


def _numbers(block: NDArray[np.uint8], starts: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    """Return numbers of seven bits a byte, the lowest first."""
    if len(starts) == len(block):
        return block
    shifts = 7 * (np.arange(len(block)) - np.repeat(starts, sizes))
    parts = (block & 127).astype(np.uint64) << shifts.astype(np.uint64)
    return np.add.reduceat(parts, starts).view(np.int64)


def _of(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the bytes of each field of a message that has the number ``wanted``."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        start = place
        if key & 7 == VARINT:
            _, place = _varint(message, place)
        elif key & 7 in (LONG, SHORT):
            place += 8 if key & 7 == LONG else 4
        elif key & 7 == BLOB:
            size, start = _varint(message, place)
            place = start + size
        else:
            raise UnreadableError("a record is damaged, or no tf.train.Example.")
        if place > len(message):
            raise UnreadableError("a record is damaged: a part is longer than the whole.")
        if key >> 3 == wanted:
            yield message[start:place]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte, place = message[place], place + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise UnreadableError("a record is damaged: a number does not end.")
