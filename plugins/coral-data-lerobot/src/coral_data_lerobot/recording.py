"""A LeRobot dataset as a recording: rows (o_t, a_t, next.reward, next.done), nothing seen after the last action."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray
from PIL import Image

from coral_cli.plugin import RecordedEpisode, Sensor, UnreadableError, UsageError
from coral_cli.plugin_recordings import sensor_of
from coral_data_lerobot.depth import PIXELS, Codes, codes_of
from coral_data_lerobot.layout import Tables, open_layout
from coral_data_lerobot.videos import Videos

if TYPE_CHECKING:
    from coral_data_lerobot import LeRobotOptions

PICTURES = ("video", "image")
TEXTS = ("string", "language")
DONE, SUCCESS, TERMINATED = "next.done", "next.success", "next.terminated"


class LeRobotRecording:
    """The dataset in the directory ``root``."""

    bounds = None

    def __init__(self, options: LeRobotOptions, root: Path) -> None:
        self._layout = open_layout(root)
        self._features = self._layout.features
        self._tables, self._videos = Tables(self._layout), Videos()
        self.episodes = len(self._layout.episodes)
        self.fps = float(self._layout.info["fps"])
        self.action_size = self._action_size()
        self.notes: list[str] = []
        self._codes: dict[str, Codes] = {}
        self.sensors = dict(self._found_sensors())
        self.notes += self._left_out()
        self.lossy = any(self._features[name]["dtype"] == "video" for name in self.sensors)
        self._reward = self._column(options.reward, "lerobot.reward", default="next.reward")
        self._ended = self._ends(options.ended)

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone."""
        videos = {name for name in sensors if self._features[name]["dtype"] == "video"}
        told = {"action", "timestamp", *self._ended, *filter(None, [self._reward])}
        told |= {SUCCESS} & self._features.keys()
        rows = self._tables.rows(number, frozenset(told | set(sensors) - videos))
        observations: dict[str, Iterable[NDArray[Any]]] = {}
        for name in sensors:
            if name in videos:
                observations[name] = self._pictures(number, name, _numbers(rows["timestamp"]))
            elif self._features[name]["dtype"] == "image":
                observations[name] = _images(rows[name])
            else:
                observations[name] = _numbers(rows[name])
        ended = np.full(len(rows), bool(self._ended))
        for name in self._ended:
            ended &= _numbers(rows[name]).reshape(-1).astype(bool)
        return RecordedEpisode(
            observations,
            _numbers(rows["action"]).reshape(len(rows), -1),
            _numbers(rows[self._reward]).reshape(-1) if self._reward else None,
            ended,
            {"success": float(_numbers(rows[SUCCESS]).any())} if SUCCESS in told else {},
        )

    def close(self) -> None:
        """Let go of files."""
        self._videos.close()

    def _action_size(self) -> int:
        shape = self._features.get("action", {}).get("shape")
        if not shape or len(shape) != 1:
            raise UnreadableError(f"{self._layout.root} has no column `action` of one axis.")
        return int(shape[0])

    def _found_sensors(self) -> Iterator[tuple[str, Sensor]]:
        for name, about in self._features.items():
            if not _observed(name):
                continue
            depth = _depth(about)
            if about["dtype"] == "video" and depth:
                codes = codes_of(about["info"])
                if codes is None:
                    self.notes.append(f"{name} is depth in a video that does not say its metres, and is not read.")
                    continue
                self._codes[name] = codes
                self.notes.append(
                    f"{name} is depth from {codes.low:g} to {codes.high:g} metres: what was not measured is in the "
                    "video as the nearest of these."
                )
            sensor = _sensor(name, about, depth)
            if sensor:
                yield name, sensor

    def _left_out(self) -> Iterator[str]:
        """Yield the note that tells what is no sensor though it is observed, or a text."""
        names = [
            name
            for name, about in self._features.items()
            if about["dtype"] in TEXTS or (_observed(name) and name not in self.sensors and not _depth(about))
        ]
        told = [f"{name} ({self._features[name]['dtype']})" for name in names]
        tasks = self._layout.info.get("total_tasks")
        if isinstance(tasks, int) and tasks > 1:
            told.append(f"task ({tasks} texts)")
        if told:
            yield f"not numbers or pictures of a form that is read, and left out: {', '.join(told)}."

    def _pictures(self, number: int, key: str, timestamps: NDArray[Any]) -> Iterator[NDArray[Any]]:
        path, start = self._layout.video(number, key)
        times = start + timestamps.reshape(-1).astype(np.float64)
        codes = self._codes.get(key)
        form = "rgb24" if codes is None else PIXELS
        frames = self._videos.at(key, path, times, 0.5 / self.fps, form)
        yield from frames if codes is None else map(codes.metres, frames)

    def _column(self, wish: str, flag: str, default: str) -> str | None:
        if wish == "none" or (wish == default and default not in self._features):
            return None
        if wish not in self._features:
            there = ", ".join(name for name in self._features if name not in self.sensors)
            raise UsageError(f"--{flag} is {wish!r}, and there is no such column.", f"There are: {there}.")
        return wish

    def _ends(self, wish: str) -> tuple[str, ...]:
        """Return the columns that are all true where no future follows: next.done is true of what is cut off, too."""
        if wish != "auto":
            column = self._column(wish, "lerobot.ended", default="")
            return (column,) if column else ()
        if TERMINATED in self._features:
            return (TERMINATED,)
        if DONE not in self._features:
            success = f" (--lerobot.ended {SUCCESS} takes a success as an end)" if SUCCESS in self._features else ""
            self.notes.append(f"no column says where an episode ended: all are taken as cut off{success}.")
            return ()
        if SUCCESS in self._features:
            return DONE, SUCCESS
        self.notes.append(
            "next.done is taken as an end after which no future follows; LeRobot writes it where an episode is "
            "cut off, too: --lerobot.ended none takes all as cut off."
        )
        return (DONE,)


def _observed(name: str) -> bool:
    return name == "observation" or name.startswith("observation.")


def _depth(about: Mapping[str, Any]) -> bool:
    info = about.get("info") or {}
    return bool(info.get("is_depth_map") or info.get("video.is_depth_map"))


def _sensor(name: str, about: Mapping[str, Any], depth: bool) -> Sensor | None:
    kind = str(about["dtype"])
    if kind in PICTURES:
        kind = "float32" if depth else "uint8"
    try:
        return sensor_of(name, tuple(map(int, about["shape"])), kind)
    except TypeError:  # text, and what else is no type of numbers
        return None


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column of numbers, or of lists of them of one length, as an array (N, ...)."""
    array = column.combine_chunks()
    if (
        pa.types.is_fixed_size_list(array.type)
        and not array.null_count
        and pa.types.is_primitive(array.type.value_type)
    ):
        flat = array.flatten().to_numpy(zero_copy_only=False)
        return np.asarray(flat).reshape(len(array), -1)
    if pa.types.is_nested(array.type):
        return np.array(array.to_pylist())
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _images(column: pa.ChunkedArray) -> Iterator[NDArray[Any]]:
    for cell in column:
        held = cell.as_py()
        if not held or held.get("bytes") is None:
            raise UnreadableError("a picture is not in its table, but in a file of its own, which is not read.")
        with Image.open(io.BytesIO(held["bytes"])) as image:
            yield np.asarray(image)
