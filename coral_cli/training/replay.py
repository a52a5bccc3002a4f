"""Replay: a preallocated ring of whole episodes, images as uint8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError, UnreadableError, UsageError
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.files import writing
from coral_cli.training.random_crop import Corners, cut_rows, draw_corners
from coral_cli.training.replay_index import COPY, NAME, Episodes, Index, read_index
from coral_cli.training.replay_rows import Rows, check_disk, check_files, check_layout, row_bytes

Arrays = dict[str, NDArray[Any]]
DTYPES = {"image": np.uint8, "vector": np.float32, "depth": np.float32}


START_ANEW = "start a new run with --init-from, which takes over what this one has learned"


@dataclass(frozen=True)
class Draw:
    """The choice of a batch: ``rows`` (B, T), and the corners, (B, 1) each, at which images lose ``crop_margin``.

    ``known`` are the arrays that come with the choice: ``mask`` (B, T), there only when an episode is shorter than T
    (steps behind its end repeat the last), and ``missing/SENSOR`` (B, T), there only when it gave nothing at a step.
    """

    rows: NDArray[np.int64]
    crop_margin: int
    corners: Corners
    known: Arrays


class Replay:
    """A ring of whole episodes ``(o_t, a_{t-1}, r_{t-1}, terminated_t)``; at most ``capacity`` steps fit.

    ``missing`` tells for each sensor, in their order, whether it gave nothing at a step.

    With a directory, a later process finds them again; without, they live in memory. Sequences never cross an episode's
    end. ``remark`` is what to say of the files that were found, if anything.
    """

    def __init__(
        self,
        sensors: Mapping[str, Sensor],
        action_size: int,
        capacity: int,
        directory: Path | None = None,
        known: int = 0,
    ) -> None:
        """Open or make the ring; ``known`` counts the episodes of a checkpoint that is gone on from.

        Raises UnreadableError, and has written nothing yet, when the files are damaged, of other sensors, or lack them.
        """
        self.capacity = capacity
        self._directory = directory
        self.layout: dict[str, tuple[type, tuple[int, ...]]] = {
            name: (DTYPES[sensor.kind], sensor.shape) for name, sensor in sensors.items()
        }
        self.layout |= {
            "action": (np.float32, (action_size,)),
            "reward": (np.float32, ()),
            "terminated": (np.bool_, ()),
            "missing": (np.bool_, (len(sensors),)),
        }
        self._sensors = tuple(sensors)
        self._spatial = tuple(name for name, sensor in sensors.items() if sensor.spatial)
        self.episodes = Episodes.none()
        self._next_serial = 0
        self._cursor = 0
        self._forgot = self._found = False
        self.remark = ""
        if directory is not None:
            self._read_index(directory)
            self._require(known)
            with writing(directory):
                directory.mkdir(parents=True, exist_ok=True)
            check_disk(directory, self.bytes)
        self._rows = Rows(self.layout, self.capacity, directory)
        self._arrays = self._rows.arrays

    @property
    def bytes(self) -> int:
        """The size in bytes when full."""
        return self.capacity * sum(row_bytes(self.layout).values())

    @property
    def size(self) -> int:
        """The number of transitions held now."""
        return int(self.episodes.length.sum())

    @property
    def next_serial(self) -> int:
        """The number of episodes ever added."""
        return self._next_serial

    def add(self, episode: Arrays) -> None:
        """Store one episode, each array (L, ...).

        Raises UsageError when it is longer than the capacity, CoralError when the disk is full. Without ``missing``,
        every sensor was there all the time.
        """
        length = len(episode["reward"])
        episode = {"missing": np.zeros((length, *self.layout["missing"][1]), np.bool_), **episode}
        if length > self.capacity:
            raise UsageError(
                f"an episode of {length} transitions does not fit a replay of {self.capacity}.",
                "Raise --steps or --replay-size, whichever gave that size.",
            )
        kept_after = np.cumsum(self.episodes.length[::-1])[::-1]  # transitions from this episode to the newest
        dropped = int((kept_after + length > self.capacity).sum())
        if self._forgot or dropped:
            self.episodes = self.episodes.without_oldest(dropped)
            self._write_index(COPY)  # first forget what is overwritten next, so that a crash leaves no torn episode
            self._forgot = False
        self._rows.take_room(self._cursor, length)
        self._rows.write(self._cursor, episode)
        self.episodes = self.episodes.append(self._next_serial, self._cursor, length)
        self._next_serial += 1
        self._cursor = (self._cursor + length) % self.capacity
        self._write_index(NAME)

    def forget_after(self, serial: int) -> None:
        """Drop the episodes from number ``serial`` on: what was added after the checkpoint that is resumed.

        Raises UnreadableError when those before it were never added.
        """
        self._require(serial)
        self._forgot = self._forgot or self._next_serial > serial
        self.episodes = self.episodes.where(self.episodes.serial < serial)
        self._next_serial = serial
        if len(self.episodes.serial):
            self._cursor = int(self.episodes.start[-1] + self.episodes.length[-1]) % self.capacity

    def _require(self, serial: int) -> None:
        if self._next_serial < serial and self._directory and not self._found:
            raise UnreadableError(
                f"{self._directory} holds no index of the replay: neither {NAME} nor {COPY} is there.",
                f"One of them is enough: restore it from a backup, or {START_ANEW}.",
            )
        if self._next_serial < serial:
            raise UnreadableError(
                f"the replay has had {self._next_serial} episodes, but the checkpoint was written after {serial}.",
                f"Its files were replaced by older ones; restore them, or {START_ANEW}.",
            )

    def reread(self) -> None:
        """Take over what another process has added to the same files."""
        if self._directory is not None:
            self._read_index(self._directory)

    def everything(self, name: str) -> NDArray[Any]:
        """Return all (N, ...) values of one array, oldest first."""
        rows = [start + np.arange(n) for start, n in zip(self.episodes.start, self.episodes.length, strict=True)]
        values: NDArray[Any] = self._arrays[name][np.concatenate(rows) % self.capacity]
        return values

    def sample(
        self,
        batch: int,
        length: int,
        random: np.random.Generator,
        crop_margin: int = 0,
        part: slice = slice(None),
    ) -> Arrays:
        """Read the sub-sequences of ``draw``: return each array (B, T, ...), and those that ``draw`` knows already."""
        draw = self.draw(batch, length, random, crop_margin, part)
        return draw.known | {name: self._chosen(name, draw) for name in self.layout if name != "missing"}

    def draw(
        self, batch: int, length: int, random: np.random.Generator, crop_margin: int = 0, part: slice = slice(None)
    ) -> Draw:
        """Choose ``batch`` sub-sequences of ``length`` steps: uniform over episodes, then over start indices.

        Images lose ``crop_margin`` pixels per axis, at one random offset per sequence. Whatever ``part`` of the
        sequences is wanted, the same are drawn, and the same arrays are there.
        """
        if not len(self.episodes.serial):
            raise CoralError("the replay is empty.")
        chosen = random.integers(len(self.episodes.serial), size=batch)
        lengths = self.episodes.length[chosen]
        offset = (random.random(batch) * np.maximum(lengths - length + 1, 1)).astype(np.int64)
        step = offset[:, None] + np.arange(length)  # (B, T)
        inside = np.minimum(step, lengths[:, None] - 1)
        rows = (self.episodes.start[chosen][:, None] + inside) % self.capacity
        missing = self._arrays["missing"][rows]  # (B, T, K)
        known = {
            f"missing/{name}": missing[part, :, k] for k, name in enumerate(self._sensors) if missing[..., k].any()
        }
        if (lengths < length).any():
            known["mask"] = (step < lengths[:, None])[part]
        corners = draw_corners(self._spatial, batch, crop_margin, random, part)
        return Draw(rows[part], crop_margin, corners, known)

    def read(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the values of one array in ``rows``, of any shape."""
        return self._arrays[name][rows]

    def _chosen(self, name: str, draw: Draw) -> NDArray[Any]:
        array = self._arrays[name]
        if name not in draw.corners:
            return array[draw.rows]
        return cut_rows(array, draw.rows, draw.crop_margin, *draw.corners[name])

    def flush(self) -> None:
        """Write what the operating system still holds, and the index twice."""
        self._rows.flush()
        self._write_index(NAME, COPY, sync=True)

    def _write_index(self, *names: str, sync: bool = False) -> None:
        if self._directory is not None:
            index = Index(self.capacity, self._next_serial, self._cursor, self.episodes, row_bytes(self.layout))
            index.write(self._directory, names, sync)

    def _read_index(self, directory: Path) -> None:
        """Take over an earlier process's episodes and its capacity, or a larger one while the ring never wrapped."""
        index, self.remark = read_index(directory)
        if index is None:
            return
        self._found = True
        if index.row_bytes:
            check_layout(directory, self.layout, index.row_bytes)
        check_files(directory, self.layout, index.capacity)
        self.episodes, self._next_serial, self._cursor = index.episodes, index.next_serial, index.cursor
        self.capacity = index.capacity if index.wrapped else max(self.capacity, index.capacity)
        if index.capacity < self.capacity and len(self.episodes.serial):
            self._cursor = int(self.episodes.start[-1] + self.episodes.length[-1])
