"""TFRecord files: where each record lies, and its bytes, of which only those that are looked at are read."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from coral_cli.plugin import UnreadableError

HEAD, FOOT = 12, 4
"""The bytes before a record, its length and that number's checksum, and after it, its own checksum."""
POLYNOMIAL = 0x82F63B78
"""CRC-32C, its bits reversed."""


class Shards:
    """The records of files, numbered from 0 in the order of the files."""

    def __init__(self, paths: list[Path], counts: list[int]) -> None:
        """Look through the heads of all records.

        Raises UnreadableError for a file that is damaged, or holds another number of records than ``counts`` says.
        """
        self._places: list[tuple[Path, int, int]] = []
        for path, count in zip(paths, counts, strict=True):
            found = [(path, start, size) for start, size in _heads(path)]
            if len(found) != count:
                raise UnreadableError(f"{path} should hold {count} episodes, and holds {len(found)}.")
            self._places += found
        self._path, self._bytes = Path(), memoryview(b"")

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._places)

    def __getitem__(self, number: int) -> memoryview:
        """Return the bytes of a record. The file read last is kept at hand."""
        path, start, size = self._places[number]
        if path != self._path:
            with path.open("rb") as file:
                self._bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            self._path = path
        return self._bytes[start : start + size]

    def close(self) -> None:
        """Let go of the file."""
        self._path, self._bytes = Path(), memoryview(b"")


def _heads(path: Path) -> Iterator[tuple[int, int]]:
    """Yield where each record of a file starts, and its bytes."""
    if not path.is_file():
        raise UnreadableError(f"{path} is missing.", "Was the dataset fetched whole?")
    end, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place < end:
            file.seek(place)
            head = file.read(HEAD)
            if len(head) < HEAD or checksum(head[:8]) != int.from_bytes(head[8:], "little"):
                raise UnreadableError(f"{path} is damaged: no record begins at its byte {place:,}.")
            (size,) = struct.unpack("<Q", head[:8])
            start, place = place + HEAD, place + HEAD + size + FOOT
            if place > end:
                raise UnreadableError(f"{path} is cut off inside a record.", "Was the dataset fetched whole?")
            yield start, size


def checksum(held: bytes) -> int:
    """Return the checksum that TFRecord writes of a few bytes: CRC-32C, turned by 15 bits, and a number more."""
    crc = 0xFFFFFFFF
    for byte in held:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF
