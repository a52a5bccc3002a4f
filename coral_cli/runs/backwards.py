"""A file of lines, read from its end: what a long run has come to stands there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs.documents import DOCUMENT_BYTES

BLOCK = 1 << 15
"""Bytes that are read first; then twice as many, and so on."""
LARGEST_BLOCK = 1 << 20


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file. Raises UnreadableError where that is not possible, or reading it is not."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror or error}).") from error


def whole_lines(path: Path) -> int:
    """Return how many bytes of the file are whole lines; behind these, one is still being written.

    Raises UnreadableError.
    """
    with reading(path) as file:
        place = file.seek(0, os.SEEK_END)
        while place:
            start = max(0, place - BLOCK)
            file.seek(start)
            end = file.read(place - start).rfind(b"\n")
            if end >= 0:
                return start + end + 1
            place = start
    return 0


def backwards(path: Path, until: int | None = None) -> Iterator[bytes]:
    """Yield the lines of the file's first ``until`` bytes (None: all), the last first, without their ends.

    What follows the last line's end is still being written, and left out. Raises UnreadableError.
    """
    with reading(path) as file:
        place = file.seek(0, os.SEEK_END) if until is None else until
        block, rest, whole = BLOCK, b"", False
        while place:
            start = max(0, place - block)
            file.seek(start)
            rest, *lines = (file.read(place - start) + rest).split(b"\n")
            if not whole and lines:
                lines.pop()
                whole = True
            yield from reversed(lines)
            if len(rest) > DOCUMENT_BYTES:
                raise UnreadableError(f"{path} has a line of more than {DOCUMENT_BYTES:,} bytes.")
            place, block = start, min(2 * block, LARGEST_BLOCK)
        if whole:
            yield rest
