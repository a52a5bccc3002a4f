"""What ``features.json`` says of a step's parts, and how their values come out of a record."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coral_cli.plugin import UnreadableError
from coral_data_rlds.examples import blobs, floats, ints

NUMBERS = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    *("bool", "float16", "float32", "float64")
}
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name of bytes with so many channels."""


@dataclass(frozen=True)
class Leaf:
    """A part of a step that is an array: ``shape`` and ``dtype`` of its values, and how they are packed.

    ``packed`` is ``none``, ``bytes``, ``zlib`` or ``picture``; a side of -1 is one that differs.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    packed: str

    def values(self, feature: memoryview) -> Iterator[NDArray[Any]]:
        """Yield the value of each step. Raises UnreadableError for those of another form."""
        if self.packed == "none":
            yield from self.array(feature)
        else:
            yield from map(self._picture if self.packed == "picture" else self._unpacked, blobs(feature))

    def array(self, feature: memoryview) -> NDArray[Any]:
        """Return the values of all steps (S, ...). Raises UnreadableError for those of another form."""
        if self.packed != "none":
            return np.array(list(self.values(feature)), self.dtype)
        kind = np.dtype(self.dtype)
        flat = floats(feature) if kind.kind == "f" else ints(feature, kind)
        if len(flat) % math.prod(self.shape):
            raise UnreadableError(f"{self.name} has {len(flat)} numbers, of which no values {self.shape} can be made.")
        return flat.reshape(-1, *self.shape)

    def _unpacked(self, blob: memoryview) -> NDArray[Any]:
        size = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        try:
            held = zlib.decompressobj().decompress(blob, size + 1) if self.packed == "zlib" else bytes(blob)
        except zlib.error as error:
            raise UnreadableError(f"{self.name} is damaged ({error}).") from error
        if len(held) != size:
            raise UnreadableError(f"{self.name} should have {size} bytes a step, and has {len(held)}.")
        return np.frombuffer(held, self.dtype).reshape(self.shape)

    def _picture(self, blob: memoryview) -> NDArray[Any]:
        try:
            return self._pixels(blob)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UnreadableError(f"a picture of {self.name} is damaged ({error}).") from error

    def _pixels(self, blob: memoryview) -> NDArray[Any]:
        with Image.open(io.BytesIO(blob)) as image:
            if any(want not in (-1, has) for want, has in zip(self.shape, image.size[::-1], strict=False)):
                raise UnreadableError(f"{self.name} should be {self.shape}, and a picture is {image.size[::-1]}.")
            pixels = np.asarray(image.convert(MODES[self.shape[2]]) if self.dtype == "uint8" else image)
        if self.dtype == "float32":  # in four bytes that are called red, green, blue and opacity
            pixels = np.ascontiguousarray(pixels).view("<f4")
        return pixels.astype(self.dtype, copy=False).reshape(*pixels.shape[:2], -1)


def leaves(node: Mapping[str, Any], above: str = "") -> Iterator[Leaf]:
    """Yield the arrays of numbers under a node, in the order of their names; text, labels and ragged ones are none."""
    for name, inner in sorted(node.get("featuresDict", {}).get("features", {}).items()):
        yield from leaves(inner, f"{above}/{name}" if above else name)
    for kind in ("tensor", "image"):
        about = node.get(kind)
        if about is None or about.get("dtype", "uint8") not in NUMBERS:
            continue
        shape = tuple(int(side) for side in about.get("shape", {}).get("dimensions", ()))
        if kind == "tensor":
            packed = str(about.get("encoding") or "none").lower()
            known = packed in ("none", "bytes", "zlib") and min(shape, default=1) > 0
        else:
            packed, known = "picture", len(shape) == 3 and shape[2] in MODES
        if known:
            yield Leaf(above, shape, about.get("dtype", "uint8"), packed)


def kinds(node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name of everything under a node that has no parts by name, arrays or not, and what it is called."""
    inner = node.get("featuresDict", {}).get("features")
    if inner is None:
        yield above, next((key for key, value in sorted(node.items()) if isinstance(value, Mapping)), "unknown")
        return
    for name, part in sorted(inner.items()):
        yield from kinds(part, f"{above}/{name}" if above else name)
