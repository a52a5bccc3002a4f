"""Datasets: a directory of recorded episodes, for any program that reads NumPy archives.

``dataset.json`` names the sensors and the environment; each ``episode-000000.npz`` holds arrays (L, ...), one per
sensor, ``action``, ``reward``, ``terminated`` and ``missing``: the replay's rows ``(o_t, a_{t-1}, r_{t-1},
terminated_t)``.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.records import Sensor
from coral_cli.runs import documents
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import replacing, writing

FORMAT = 1
INDEX = "dataset.json"
DAMAGES = (OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive of arrays may raise."""
REQUIRED = ("env", "image_size", "render_quality", "renderer", "action_size")
INDEX_BYTES = 1 << 26
"""An index has so many bytes at most: an episode takes some hundred."""
PACKED = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
"""One byte of an archive grows into so many at most, by how NumPy packs it."""


@dataclass(frozen=True)
class Dataset:
    """An existing dataset. ``metadata`` is what ``dataset.json`` says."""

    path: Path
    metadata: Mapping[str, Json]
    sensors: Mapping[str, Sensor]

    @property
    def action_size(self) -> int:
        """The numbers of an action."""
        return int(self.metadata["action_size"])

    @property
    def transitions(self) -> int:
        """The rows in all episodes."""
        return sum(int(episode["rows"]) for episode in self.metadata["episodes"])

    def episodes(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the arrays of each episode. Raises UnreadableError for one missing, damaged or of another shape."""
        for episode in self.metadata["episodes"]:
            yield self._read(self.path / episode["file"], int(episode["rows"]))

    def require_rows(self) -> None:
        """Check that the files can hold the rows that the index claims, before memory or disk is taken for them.

        Raises UnreadableError for one missing, damaged, of another shape, or too small.
        """
        for episode in self.metadata["episodes"]:
            path, rows = self.path / episode["file"], int(episode["rows"])
            with _opened(path) as archive:
                for name, shape in self._shapes(rows).items():
                    _require(archive, name, shape, path)

    def _shapes(self, rows: int) -> dict[str, tuple[int, ...]]:
        shapes = {name: (rows, *sensor.shape) for name, sensor in self.sensors.items()}
        shapes |= {"action": (rows, self.action_size), "reward": (rows,), "terminated": (rows,)}
        return shapes | {"missing": (rows, len(self.sensors))}

    def _read(self, path: Path, rows: int) -> dict[str, NDArray[Any]]:
        with _opened(path) as archive:
            arrays = {name: _array(archive, name, shape, path) for name, shape in self._shapes(rows).items()}
        self._check_values(arrays, path)
        return arrays

    def _check_values(self, arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
        """Raise UnreadableError for values that cannot be, save where a sensor is missing: there they do not matter."""
        there = dict(zip(self.sensors, ~arrays["missing"].astype(bool).T, strict=True))
        for name, array in arrays.items():
            if name in self.sensors and self.sensors[name].kind == "image" and array.dtype != np.uint8:
                raise UnreadableError(f"{name!r} in {path} is {array.dtype}, but images are uint8, 0 to 255.")
            if array.dtype.kind == "f" and not np.isfinite(array[there.get(name, slice(None))]).all():
                raise UnreadableError(f"{name!r} in {path} has values that are not finite.")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DAMAGES as error:
        raise UnreadableError(f"{path} is missing or damaged ({error}).") from error


def _require(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], path: Path) -> None:
    """Raise UnreadableError for an array of another shape, of no numbers, or of more than its archive can hold."""
    about = archive.getinfo(f"{name}.npy")
    with archive.open(about) as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        found, _, dtype = header(member)
        size = member.tell() + math.prod(shape) * dtype.itemsize
    if found != shape:
        raise UnreadableError(f"{name!r} in {path} has shape {found}, but should have {shape}.")
    if dtype.kind not in "biuf":
        raise UnreadableError(f"{name!r} in {path} is {dtype}, which are no numbers.")
    packed = min(about.compress_size, path.stat().st_size)
    if size > min(about.file_size, PACKED.get(about.compress_type, 0) * packed):
        raise UnreadableError(f"{name!r} in {path} claims {shape[0]:,} rows, which the file cannot hold.")


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], path: Path) -> NDArray[Any]:
    """Read an array. Raises UnreadableError, before it takes memory, as ``_require`` does."""
    _require(archive, name, shape, path)
    with archive.open(f"{name}.npy") as member:
        array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return array


def open_dataset(path: Path) -> Dataset:
    """Open a dataset. Raises UnreadableError when ``path`` is none, or holds no episode."""
    index = path / INDEX
    if not index.is_file():
        raise UnreadableError(f"{path} is no dataset: it holds no {INDEX}.", "Record one with `coral rollout`.")
    metadata = documents.read(index, INDEX_BYTES)
    try:
        documents.require(metadata, {"format": documents.whole}, ("format",))
        version = metadata["format"]
        if version == FORMAT:
            documents.require(metadata, CHECKS, ("sensors", "episodes"))
    except FormError as error:
        raise UnreadableError(f"{index} is damaged: {error}.") from error
    if version != FORMAT:
        raise UnreadableError(f"{path} has dataset format {version}, and this coral reads format {FORMAT}.")
    lacking = [key for key in REQUIRED if key not in metadata]
    if lacking:
        raise UnreadableError(f"{index} does not say {', '.join(lacking)}.", "See the format in the documentation.")
    if not metadata["episodes"]:
        raise UnreadableError(f"{path} holds no episode.", "Record some with `coral rollout`.")
    return Dataset(path, metadata, documents.sensors(metadata["sensors"], "sensors"))


def _episodes(value: Json, where: str) -> None:
    files = set()
    for number, episode in enumerate(documents.listed(value, where)):
        about = documents.table(episode, f"{where}[{number}]")
        documents.require(about, {"file": _name, "rows": documents.count}, ("file", "rows"))
        files.add(about["file"])
        if len(files) <= number:
            raise FormError(f"{where} name {about['file']} twice")


def _name(value: Json, where: str) -> None:
    """Check the name of a file in the dataset itself."""
    if Path(documents.text(value, where)).name != value or value in ("", ".."):
        raise FormError(f"{where} is {value!r}, not the name of a file")


def _margin(value: Json, where: str) -> None:
    if value is not None:
        documents.whole(value, where)


CHECKS: dict[str, documents.Check] = {
    "sensors": documents.sensors,
    "action_size": documents.action_size,
    "env": documents.table,
    "image_size": documents.listed,
    "render_quality": documents.text,
    "renderer": documents.drawer,
    "crop_margin": _margin,
    "episodes": _episodes,
}


class DatasetWriter:
    """A writer that records episodes one by one; what it has written is a complete dataset after each. Close it."""

    def __init__(self, path: Path, sensors: Mapping[str, Sensor], action_size: int, about: Mapping[str, Json]) -> None:
        """Begin an empty dataset; ``about`` joins its metadata. Raises UsageError when ``path`` is not empty."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} is not empty.", "Choose another --out.")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._metadata: dict[str, Any] = {
            "format": FORMAT,
            **about,
            "sensors": {name: {"kind": sensor.kind, "shape": list(sensor.shape)} for name, sensor in sensors.items()},
            "action_size": action_size,
            "episodes": [],
        }
        self._write_index()

    def close(self) -> None:
        """Remove the dataset again where no episode was recorded, so that its place is free."""
        if not self._metadata["episodes"]:
            with suppress(OSError):
                (self.path / INDEX).unlink()
                self.path.rmdir()

    def add(self, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Json]) -> None:
        """Record one episode; ``about`` joins its entry in the metadata."""
        name = f"episode-{len(self._metadata['episodes']):06d}.npz"
        with replacing(self.path / name) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # to NumPy one is allow_pickle
        self._metadata["episodes"].append({"file": name, "rows": len(arrays["reward"]), **about})
        self._write_index()

    def _write_index(self) -> None:
        with replacing(self.path / INDEX) as partial:
            partial.write_text(json.dumps(self._metadata, indent=1) + "\n", encoding="utf-8")
