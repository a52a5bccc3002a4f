"""Datasets: a directory of recorded episodes, for any program that reads NumPy archives.

``dataset.json`` names the sensors; each ``episode-000000.npz`` holds arrays (L, ...), one per sensor, ``action``,
``reward``, ``terminated`` and ``missing``: the replay's rows ``(o_t, a_{t-1}, r_{t-1}, terminated_t)``. Where nobody
was paid, the index says so, and there is no ``reward``.
"""

from __future__ import annotations

import json
import math
import shlex
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.sensors import Sensor
from coral_cli.runs import documents
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import replacing, writing

FORMAT = 1
INDEX = "dataset.json"
DAMAGES = (OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive of arrays may raise."""
REQUIRED = ("action_size",)
ABSENT = "absent"
"""What an index says of the reward of episodes in which nobody was paid."""
LACKS = {
    "reward": f'Where there are no rewards, write "reward": "{ABSENT}" into {INDEX}.',
    "terminated": "Write false in every row where an episode was only cut off, true in the last row where it ended.",
    "missing": "Write false for every row and sensor where nothing was missing.",
}
"""What to do where an archive lacks one of its arrays."""
INDEX_BYTES = 1 << 26
"""An index has so many bytes at most: an episode takes some hundred."""
PACKED = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
"""One byte of an archive grows into so many at most, by how NumPy packs it."""


@dataclass(frozen=True)
class Dataset:
    """An existing dataset. ``metadata`` is what ``dataset.json`` says.

    ``stored`` are the names under which its files hold those sensors that are called otherwise here.
    """

    path: Path
    metadata: Mapping[str, Json]
    sensors: Mapping[str, Sensor]
    stored: Mapping[str, str] = field(default_factory=dict)

    @property
    def action_size(self) -> int:
        """The numbers of an action."""
        return int(self.metadata["action_size"])

    @property
    def transitions(self) -> int:
        """The rows in all episodes."""
        return sum(int(episode["rows"]) for episode in self.metadata["episodes"])

    @property
    def rewarded(self) -> bool:
        """Whether the episodes hold rewards."""
        return bool(self.metadata.get("reward") != ABSENT)

    def renamed(self, names: Mapping[str, str]) -> Dataset:
        """Return the dataset with sensors called otherwise: ``names`` has the new ones by the old.

        Raises UsageError for a sensor that there is not, and for a name that two would have.
        """
        for name in names:
            if name not in self.sensors:
                raise UsageError(f"{self.path} has no sensor {name!r}.", f"It has: {', '.join(self.sensors)}.")
        called = [names.get(name, name) for name in self.sensors]
        twice = [name for name in called if called.count(name) > 1]
        if twice:
            raise UsageError(f"two sensors would be called {twice[0]!r}.", "Rename the other one, too.")
        new = {to: replace(sensor, name=to) for to, sensor in zip(called, self.sensors.values(), strict=True)}
        return replace(self, sensors=new, stored={names[name]: name for name in names})

    def episodes(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the arrays of each episode, those of the sensors by their names here.

        Raises UnreadableError for one missing, damaged or of another shape, or with values that cannot be.
        """
        for number in range(len(self.metadata["episodes"])):
            arrays = self.read(number)
            for name, odd in self.odd(arrays):
                raise UnreadableError(f"{name!r} in {self.file(number)} {odd}.")
            yield arrays

    def file(self, number: int) -> Path:
        """Return the file of an episode."""
        return self.path / str(self.metadata["episodes"][number]["file"])

    def read(self, number: int, leave: Collection[str] = ()) -> dict[str, NDArray[Any]]:
        """Return the arrays of an episode, no row of those to ``leave``, which tell their type alone.

        Raises UnreadableError for an episode missing, damaged, of another shape, or of more rows than its file holds.
        """
        path, arrays = self.file(number), {}
        with _opened(path) as archive:
            for name, shape in self._shapes(int(self.metadata["episodes"][number]["rows"])).items():
                own = self.stored.get(name, name)
                if name in leave:
                    arrays[name] = np.empty((0, *shape[1:]), _require(archive, own, shape, path))
                else:
                    arrays[name] = _array(archive, own, shape, path)
        return arrays

    def _shapes(self, rows: int) -> dict[str, tuple[int, ...]]:
        shapes = {name: (rows, *sensor.shape) for name, sensor in self.sensors.items()}
        shapes |= {"action": (rows, self.action_size), **({"reward": (rows,)} if self.rewarded else {})}
        return shapes | {"terminated": (rows,), "missing": (rows, len(self.sensors))}

    def there(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the values of each array, of a sensor's those alone where it was not missing."""
        seen = dict(zip(self.sensors, ~arrays["missing"].astype(bool).T, strict=True))
        return {name: array[seen[name]] if name in seen and len(array) else array for name, array in arrays.items()}

    def odd(self, arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, str]]:
        """Yield each array with values that cannot be, and what they are. What is missing does not matter."""
        for name, values in self.there(arrays).items():
            kind = self.sensors[name].kind if name in self.sensors else ""
            if kind == "image" and values.dtype != np.uint8:
                yield name, f"is {values.dtype}, but images are uint8, 0 to 255"
            elif values.dtype.kind == "f" and not np.isfinite(values).all():
                yield name, "has values that are not finite"


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DAMAGES as error:
        raise UnreadableError(f"{path} is missing or damaged ({error}).") from error


def _require(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], path: Path) -> np.dtype[Any]:
    """Return the type of an array, of which only the head is read.

    Raises UnreadableError for one that is not there, of another shape, of no numbers, or of more than its archive can
    hold.
    """
    try:
        about = archive.getinfo(f"{name}.npy")
    except KeyError:
        hint = LACKS.get(name, f"It must hold one array for each sensor that {INDEX} names.")
        raise UnreadableError(f"{path} holds no array {name!r}.", hint) from None
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
    return dtype


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
        raise UnreadableError(*_none(path))
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


def _none(path: Path) -> tuple[str, str]:
    """Say why ``path`` is no dataset, and what to do."""
    run = next((place for place in (path, path.parent) if (place / "run.json").is_file()), None)
    if run is not None:
        what = "a run" if run == path else "a part of a run"
        hint = f"Record one with its agent: coral rollout --agent {shlex.quote(as_written(run))} --out DIR."
        return f"{path} is {what}, and no dataset: it holds no {INDEX}.", hint
    if not path.exists():
        return f"{path} is no dataset: it does not exist.", "Record one with `coral rollout`."
    return f"{path} is no dataset: it holds no {INDEX}.", "Record one with `coral rollout`."


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


def _absent(value: Json, where: str) -> None:
    if value not in (ABSENT, "present"):
        raise FormError(f"{where} is neither {ABSENT!r} nor 'present'")


def _rate(value: Json, where: str) -> None:
    if documents.number(value, where) <= 0:
        raise FormError(f"{where} is not above 0")


def _scale(value: Json, where: str) -> None:
    documents.require(documents.table(value, where), {"by": documents.text}, ("by",))


CHECKS: dict[str, documents.Check] = {
    "sensors": documents.sensors,
    "action_size": documents.action_size,
    "env": documents.table,
    "image_size": documents.listed,
    "render_quality": documents.text,
    "renderer": documents.drawer,
    "crop_margin": _margin,
    "fps": _rate,
    "reward": _absent,
    "source": documents.table,
    "action_scale": _scale,
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
        self._metadata["episodes"].append({"file": name, "rows": len(arrays["action"]), **about})
        self._write_index()

    def _write_index(self) -> None:
        with replacing(self.path / INDEX) as partial:
            partial.write_text(json.dumps(self._metadata, indent=1) + "\n", encoding="utf-8")
