"""Datasets: a directory of recorded episodes, for any program that reads NumPy archives.

``dataset.json`` names the sensors and the environment; each ``episode-000000.npz`` holds arrays (L, ...), one per
sensor, ``action``, ``reward``, ``terminated`` and ``missing``: the replay's rows ``(o_t, a_{t-1}, r_{t-1},
terminated_t)``.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.records import Sensor
from coral_cli.runs.files import replacing, writing

FORMAT = 1
INDEX = "dataset.json"
REQUIRED = ("env", "image_size", "render_quality", "renderer", "action_size")


@dataclass(frozen=True)
class Dataset:
    """An existing dataset. ``record`` is what ``dataset.json`` says."""

    path: Path
    record: Mapping[str, Json]
    sensors: Mapping[str, Sensor]

    @property
    def action_size(self) -> int:
        """The numbers of an action."""
        return int(self.record["action_size"])

    @property
    def transitions(self) -> int:
        """The rows in all episodes."""
        return sum(int(episode["rows"]) for episode in self.record["episodes"])

    def episodes(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the arrays of each episode. Raises UnreadableError for one missing, damaged or of another shape."""
        for episode in self.record["episodes"]:
            yield self._read(self.path / episode["file"], int(episode["rows"]))

    def _read(self, path: Path, rows: int) -> dict[str, NDArray[Any]]:
        wanted = {name: (rows, *sensor.shape) for name, sensor in self.sensors.items()}
        wanted |= {"action": (rows, self.action_size), "reward": (rows,), "terminated": (rows,)}
        wanted |= {"missing": (rows, len(self.sensors))}
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in wanted}
        except (OSError, EOFError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            raise UnreadableError(f"{path} is missing or damaged ({error}).") from error
        for name, shape in wanted.items():
            if arrays[name].shape != shape:
                raise UnreadableError(f"{name!r} in {path} has shape {arrays[name].shape}, but should have {shape}.")
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


def open_dataset(path: Path) -> Dataset:
    """Open a dataset. Raises UnreadableError when ``path`` is none, or holds no episode."""
    index = path / INDEX
    if not index.is_file():
        raise UnreadableError(f"{path} is no dataset: it holds no {INDEX}.", "Record one with `coral rollout`.")
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        sensors = {name: Sensor(name, s["kind"], tuple(s["shape"])) for name, s in record["sensors"].items()}
        version, episodes = record["format"], record["episodes"]
        rows = {episode["file"]: int(episode["rows"]) for episode in episodes} if version == FORMAT else {}
        lacking = [key for key in REQUIRED if key not in record]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{index} is damaged ({error}).") from error
    if version != FORMAT:
        raise UnreadableError(f"{path} has dataset format {version}, and this coral reads format {FORMAT}.")
    if lacking:
        raise UnreadableError(f"{index} does not say {', '.join(lacking)}.", "See the format in the documentation.")
    if not rows:
        raise UnreadableError(f"{path} holds no episode.", "Record some with `coral rollout`.")
    return Dataset(path, record, sensors)


class DatasetWriter:
    """A writer that records episodes one by one; what it has written is a complete dataset after each of them."""

    def __init__(self, path: Path, sensors: Mapping[str, Sensor], action_size: int, about: Mapping[str, Json]) -> None:
        """Begin an empty dataset; ``about`` joins its record. Raises UsageError when ``path`` is not empty."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} is not empty.", "Choose another --out.")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._record: dict[str, Any] = {
            "format": FORMAT,
            **about,
            "sensors": {name: {"kind": sensor.kind, "shape": list(sensor.shape)} for name, sensor in sensors.items()},
            "action_size": action_size,
            "episodes": [],
        }
        self._write_index()

    def add(self, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Json]) -> None:
        """Record one episode; ``about`` joins its entry in the record."""
        name = f"episode-{len(self._record['episodes']):06d}.npz"
        with replacing(self.path / name) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # to NumPy one is allow_pickle
        self._record["episodes"].append({"file": name, "rows": len(arrays["reward"]), **about})
        self._write_index()

    def _write_index(self) -> None:
        with replacing(self.path / INDEX) as partial:
            partial.write_text(json.dumps(self._record, indent=1) + "\n", encoding="utf-8")
