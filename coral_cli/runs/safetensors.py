"""Weights in the format of safetensors: named tensors and a few words, read without running anything.

Eight bytes say how long the JSON header is; it says each tensor's type, shape and place in what follows, and under
``__metadata__`` words by name. coral's files have two: ``coral``, a checkpoint's metadata, and ``sha256``, the checksum
of that and of all tensors. Whoever wrote a file could give it the right checksum, so all else is checked, too.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from coral_cli.runs import documents
from coral_cli.runs.documents import DOCUMENT_BYTES, FormError
from coral_cli.runs.files import replacing

if TYPE_CHECKING:
    import torch

SUFFIX = ".safetensors"
LENGTH = 8
"""Bytes of the header's length, a whole number with the lowest byte first."""
DIMENSIONS = 16
"""Axes of a tensor, at most."""
WORDS, METADATA, CHECKSUM = "__metadata__", "coral", "sha256"
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Bytes of a number, by the name of its type."""
TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
"""The names of types in torch."""


@dataclass(frozen=True)
class Place:
    """The place of a tensor: bytes ``begin`` to ``end`` behind the header."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """The words of a file about itself: its ``metadata``, tensors' places by name; they begin at byte ``start``."""

    metadata: str
    places: Mapping[str, Place]
    start: int


def write(path: Path, metadata: str, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors and metadata; ``path`` is either the old file or the complete new one.

    Raises TypeError for a tensor of a type that the format lacks, CoralError when the file cannot be written.
    """
    import torch

    kinds = {getattr(torch, name): kind for kind, name in TYPES.items()}
    places: dict[str, dict[str, object]] = {}
    digest, blocks, end = hashlib.sha256(metadata.encode()), [], 0
    # The widest types first, so that each number lies at a multiple of its size.
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        if tensor.dtype not in kinds:
            raise TypeError(f"{name} is of type {tensor.dtype}, which no {SUFFIX} file can hold")
        block = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        begin, end = end, end + len(block)
        places[name] = {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        digest.update(block)
        blocks.append(block)
    header = json.dumps({WORDS: {"format": "pt", METADATA: metadata, CHECKSUM: digest.hexdigest()}, **places}).encode()
    header += b" " * (-len(header) % LENGTH)
    with replacing(path) as partial, partial.open("wb") as file:
        for part in (len(header).to_bytes(LENGTH, "little"), header, *blocks):
            file.write(part)


def read_header(path: Path) -> Header:
    """Return what an intact file says of itself. Raises FormError for one that coral did not write, OSError."""
    with path.open("rb") as file:
        document, start = _document(file)
        words = {name: documents.text(word, name) for name, word in _table(document.pop(WORDS, {}), WORDS).items()}
        for name in (METADATA, CHECKSUM):
            if name not in words:
                raise FormError(f"its header has no {name!r}")
        places = {name: _place(value, name) for name, value in document.items()}
        _require_filled(places, file.seek(0, 2) - start)
        file.seek(start)
        digest = hashlib.sha256(words[METADATA].encode())
        while block := file.read(1 << 20):
            digest.update(block)
        if digest.hexdigest() != words[CHECKSUM]:
            raise FormError("its checksum is wrong")
        return Header(words[METADATA], places, start)


def read_tensors(path: Path, device: str | torch.device = "cpu") -> dict[str, torch.Tensor]:
    """Return the tensors of an intact file on ``device``. Raises FormError for one that coral did not write, OSError.

    ``read_header`` has bounded each by the file's own size.
    """
    import torch

    header = read_header(path)
    with path.open("rb") as file:
        file.seek(header.start)
        content = bytearray(file.read())
    found = {}
    for name, place in header.places.items():
        kind, count = getattr(torch, TYPES[place.kind]), math.prod(place.shape)
        flat = (
            torch.frombuffer(content, dtype=kind, count=count, offset=place.begin)
            if count
            else torch.empty(0, dtype=kind)
        )
        found[name] = flat.view(place.shape).clone().to(device)
    return found


def _document(file: BinaryIO) -> tuple[dict[str, object], int]:
    """Return the header, and where the tensors begin."""
    length = int.from_bytes(file.read(LENGTH), "little")
    if not 2 <= length <= DOCUMENT_BYTES:
        raise FormError(f"its header has {length:,} bytes")
    content = file.read(length)
    if len(content) < length:
        raise FormError("it is cut short")
    return _table(documents.parsed(content), "its header"), LENGTH + length


def _table(value: object, where: str) -> dict[str, object]:
    return dict(documents.table(value, where))


def _place(value: object, name: str) -> Place:
    about = _table(value, name)
    documents.require(about, {"shape": documents.listed, "data_offsets": documents.listed}, ("dtype", "data_offsets"))
    kind, shape, offsets = about["dtype"], about.get("shape", []), about["data_offsets"]
    sides = tuple(documents.whole(side, f"the shape of {name}") for side in documents.listed(shape, name))
    begin, end = (documents.whole(offset, f"the place of {name}") for offset in _pair(offsets, name))
    if kind not in SIZES:
        raise FormError(f"{name} is of an unknown type")
    if len(sides) > DIMENSIONS or end - begin != math.prod(sides) * SIZES[str(kind)]:
        raise FormError(f"{name} does not have the size that its shape says")
    return Place(str(kind), sides, begin, end)


def _pair(value: object, name: str) -> list[object]:
    offsets = documents.listed(value, name)
    if len(offsets) != 2:
        raise FormError(f"the place of {name} is not two numbers")
    return offsets


def _require_filled(places: Mapping[str, Place], size: int) -> None:
    """Raise FormError unless the tensors lie side by side and fill the file."""
    end = 0
    for place in sorted(places.values(), key=lambda place: (place.begin, place.end)):
        if place.begin != end:
            raise FormError("its tensors overlap, or leave room between them")
        end = place.end
    if end != size:
        raise FormError("it is cut short, or longer than its tensors")
