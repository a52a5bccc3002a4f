"""What a dataset holds, told without reading a picture: of those, the files' heads say type and size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import Json
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.dataset import INDEX, Dataset


@dataclass
class Range:
    """The least and the greatest of numbers, and their mean; what is not finite is counted apart."""

    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    count: int = 0
    odd: int = 0

    def add(self, values: NDArray[Any]) -> None:
        """Take in more numbers."""
        known = values[np.isfinite(values)].astype(np.float64)
        self.odd += values.size - known.size
        if known.size:
            self.low, self.high = min(self.low, float(known.min())), max(self.high, float(known.max()))
            self.total, self.count = self.total + float(known.sum()), self.count + known.size

    def document(self) -> dict[str, Json] | None:
        """Return the range for programs; None without a number."""
        if not self.count:
            return None
        return {"min": self.low, "max": self.high, "mean": self.total / self.count, "not_finite": self.odd}


@dataclass
class Summary:
    """What a dataset holds. ``lengths`` are actions per episode, ``bytes`` what its files take.

    ``raw_bytes`` is what its arrays take in memory. ``unreadable`` counts the episodes that could not be read, of which
    ``fault`` is the first one's sentence.
    """

    dataset: Dataset
    lengths: list[int] = field(default_factory=list)
    dtypes: dict[str, set[str]] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    returns: list[float] = field(default_factory=list)
    terminated: int = 0
    bytes: int = 0
    raw_bytes: int = 0
    unreadable: int = 0
    fault: str = ""

    @property
    def seconds(self) -> float | None:
        """How long all episodes took together; None where nobody knows."""
        fps = self.dataset.metadata.get("fps")
        return sum(self.lengths) / fps if fps else None

    def add(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take in an episode whose pictures have no rows."""
        rows = len(arrays["action"])
        self.lengths.append(rows - 1)
        self.terminated += bool(arrays["terminated"][-1])
        if "reward" in arrays:
            self.returns.append(float(arrays["reward"].sum(dtype=np.float64)))
        for name, values in self.dataset.there(arrays).items():
            self.dtypes.setdefault(name, set()).add(str(values.dtype))
            self.raw_bytes += rows * math.prod(arrays[name].shape[1:]) * values.dtype.itemsize
            if name not in ("missing", "terminated"):
                led_to = values[1:] if name in ("action", "reward") else values
                self.ranges.setdefault(name, Range()).add(led_to)
        for name, gone in zip(self.dataset.sensors, arrays["missing"].astype(bool).T, strict=True):
            self.missing[name] = self.missing.get(name, 0) + int(gone.sum())


def summarise(dataset: Dataset, tell: Callable[[int], None] = lambda number: None) -> Summary:
    """Look at every episode. ``tell`` hears how many were looked at after each."""
    summary = Summary(dataset, bytes=(dataset.path / INDEX).stat().st_size)
    pictures = [name for name, sensor in dataset.sensors.items() if sensor.spatial]
    for number in range(len(dataset.metadata["episodes"])):
        try:
            summary.add(dataset.read(number, pictures))
            summary.bytes += dataset.file(number).stat().st_size
        except UnreadableError as error:
            summary.unreadable += 1
            summary.fault = summary.fault or error.message
        tell(number + 1)
    return summary


def document(summary: Summary) -> dict[str, Json]:
    """Return a summary for programs."""
    dataset, lengths = summary.dataset, summary.lengths
    return {
        "path": str(dataset.path),
        "sensors": {name: _sensor(summary, sensor) for name, sensor in dataset.sensors.items()},
        "episodes": len(dataset.metadata["episodes"]),
        "unreadable": {"episodes": summary.unreadable, "first": summary.fault} if summary.unreadable else None,
        "actions": sum(lengths),
        "length": {"min": min(lengths), "median": median(lengths), "max": max(lengths)} if lengths else None,
        "fps": dataset.metadata.get("fps"),
        "seconds": summary.seconds,
        "action": {"size": dataset.action_size, "range": _range(summary, "action")},
        "reward": {"range": _range(summary, "reward"), "returns": _returns(summary)} if dataset.rewarded else None,
        "ends": {"terminated": summary.terminated, "cut_off": len(lengths) - summary.terminated},
        "bytes": summary.bytes,
        "raw_bytes": summary.raw_bytes,
        "source": dataset.metadata.get("source"),
        "action_scale": dataset.metadata.get("action_scale"),
        "env": (dataset.metadata.get("env") or {}).get("component"),
        "image_size": dataset.metadata.get("image_size"),
        "crop_margin": dataset.metadata.get("crop_margin"),
        "recorded_actions": dataset.metadata.get("actions"),
    }


def _sensor(summary: Summary, sensor: Sensor) -> dict[str, Json]:
    return {
        "kind": sensor.kind,
        "shape": list(sensor.shape),
        "dtype": sorted(summary.dtypes.get(sensor.name, ())),
        "missing_rows": summary.missing.get(sensor.name, 0),
        "range": None if sensor.spatial else _range(summary, sensor.name),
    }


def _range(summary: Summary, name: str) -> dict[str, Json] | None:
    return summary.ranges[name].document() if name in summary.ranges else None


def _returns(summary: Summary) -> dict[str, Json] | None:
    known = [value for value in summary.returns if math.isfinite(value)]
    return {"min": min(known), "mean": sum(known) / len(known), "max": max(known)} if known else None
