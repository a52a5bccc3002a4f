"""Recordings taken over into a dataset: first looked through, then written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coral_cli.recordings.actions import Limits, Scaling, scaling
from coral_cli.recordings.naming import chosen
from coral_cli.recordings.pictures import ASIS, Sizing
from coral_cli.recordings.rows import LEAVE_OUT, Taken, require_whole, rows_of
from coral_cli.recordings.whole import whole
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.recorded import RecordingModule
from coral_cli.runs.dataset import ABSENT, DatasetWriter
from coral_cli.version import __version__


@dataclass(frozen=True)
class Wishes:
    """What a user asks for. ``scale`` is as ``actions.scaling`` takes it; ``episodes`` are ranges.

    A range is its first and one past its last, None for all that follow.
    """

    sensors: Sequence[str] = ()
    sizing: Sizing = ASIS
    scale: str | None = None
    episodes: Sequence[tuple[int, int | None]] = ((0, None),)
    fps: float | None = None


@dataclass(frozen=True)
class Imported:
    """What became of recordings: a dataset at ``path``, and what a user must know of it."""

    path: Path
    episodes: int
    rows: int
    taken: Taken
    fps: float | None
    notes: tuple[str, ...]


FITS = {
    "crop": "its middle is taken",
    "pad": "black bars are added (--fit crop takes its middle)",
    "squeeze": "it is distorted",
}
"""What becomes of pictures of another shape, in words."""

TOLD = 10
"""Episodes that are told of by their numbers, at most."""

Report = Callable[[int, int, int], None]
"""What is told of each episode: how many there are by now, of how many, and its rows."""


def import_recordings(
    recording: RecordingModule, source: Mapping[str, Json], out: Path, wishes: Wishes, report: Report
) -> Imported:
    """Write ``recording`` as a dataset at ``out``; ``source`` says where it came from.

    Raises UsageError where ``out`` is taken, and for wishes that cannot be granted; UnreadableError for recordings that
    are damaged. Nothing is left behind then, nor by an interruption.
    """
    if os.path.lexists(out) and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists.", "Choose another --out.")
    asked = _numbers(recording.episodes, wishes.episodes)
    names = chosen(wishes.sensors, recording.sensors)
    if not names:
        raise UsageError("the recordings have no sensor that can be read.", "An episode without observations is none.")
    look = _look(recording, asked)
    taken = Taken(
        {name: recording.sensors[old] for name, old in names.items()},
        wishes.sizing,
        scaling(wishes.scale, recording.bounds, look.limits),
        look.rewarded,
    )
    about = _about(recording, source, wishes, taken)
    sensors = {name: wishes.sizing.sensor(sensor) for name, sensor in taken.sensors.items()}
    rows = 0
    with whole(out) as place:
        writer = DatasetWriter(place, sensors, recording.action_size, about)
        for done, number in enumerate(look.numbers, 1):
            episode = recording.episode(number, tuple(names.values()))
            require_whole(episode, recording.action_size, f"episode {number}")
            arrays = rows_of(episode, taken, f"episode {number}")
            writer.add(arrays, {"source": number, **_metrics(episode.metrics)})
            rows += len(arrays["action"])
            report(done, len(look.numbers), len(arrays["action"]))
    fewer = _fewer(recording.episodes, wishes.episodes)
    notes = (*recording.notes, *fewer, *look.notes, *_notes(taken, look, recording.lossy))
    return Imported(out, len(look.numbers), rows, taken, about.get("fps"), notes)


@dataclass(frozen=True)
class _Look:
    """What all episodes say without their observations: ``numbers`` have an action, those in ``bare`` have none."""

    numbers: Sequence[int]
    bare: Sequence[int]
    limits: Limits
    rewarded: bool
    early: int

    @property
    def notes(self) -> Iterator[str]:
        if self.bare:
            told = ", ".join(map(str, self.bare[:TOLD])) + (", ..." if len(self.bare) > TOLD else "")
            total = len(self.bare) + len(self.numbers)
            yield f"{len(self.bare)} of {total} episodes have no action, and are left out: {told}."
        if self.early:
            yield (
                f"{self.early} steps say that their episode has ended, and it goes on: only what its last step says "
                "is taken over."
            )
        if not self.rewarded:
            yield "there are no rewards: a model learns none from this dataset."


def _look(recording: RecordingModule, numbers: Sequence[int]) -> _Look:
    low, high = np.full(recording.action_size, np.inf), np.full(recording.action_size, -np.inf)
    rewarded: dict[int, bool] = {}
    bare, early = [], 0
    for number in numbers:
        episode = recording.episode(number, ())
        if not len(episode.actions):
            bare.append(number)
            continue
        require_whole(episode, recording.action_size, f"episode {number}")
        low = np.minimum(low, np.min(episode.actions, 0))
        high = np.maximum(high, np.max(episode.actions, 0))
        rewarded[number] = episode.rewards is not None
        early += int(np.count_nonzero(episode.terminated[:-1]))
    if not rewarded:
        raise UnreadableError("no episode has an action.")
    if len(set(rewarded.values())) > 1:
        first = next(number for number, paid in rewarded.items() if not paid)
        raise UnreadableError(f"episode {first} has no rewards, and others have.", LEAVE_OUT)
    return _Look(list(rewarded), bare, (low, high), all(rewarded.values()), early)


def _numbers(count: int, asked: Sequence[tuple[int, int | None]]) -> list[int]:
    if not count:
        raise UnreadableError("there is no episode in it.")
    beyond = [first for first, _ in asked if first >= count]
    if beyond:
        raise UsageError(
            f"there are {count} episodes, and no number {beyond[0]}.", f"Numbers go from 0 to {count - 1}."
        )
    return sorted({number for first, last in asked for number in range(first, min(count, last or count))})


def _fewer(count: int, asked: Sequence[tuple[int, int | None]]) -> Iterator[str]:
    if any(last is not None and last > count for _, last in asked):
        yield f"--episodes asks for more than there are: {len(_numbers(count, asked))} of {count} came in."


def _about(recording: RecordingModule, source: Mapping[str, Json], wishes: Wishes, taken: Taken) -> dict[str, Json]:
    """Return what ``dataset.json`` says besides the episodes."""
    names = {name: sensor.name for name, sensor in taken.sensors.items()}
    fps = recording.fps if wishes.fps is None else wishes.fps
    size = {"size": list(wishes.sizing.size), "fit": wishes.sizing.fit} if wishes.sizing.size else {}
    return {
        "source": {**source, "sensors": names, **size, **({"lossy": True} if recording.lossy else {})},
        **({} if fps is None else {"fps": fps}),
        **({} if taken.rewarded else {"reward": ABSENT}),
        **({} if taken.scaling.by == "keep" else {"action_scale": taken.scaling.metadata}),
        "coral": __version__,
    }


def _metrics(metrics: Mapping[str, float]) -> dict[str, Json]:
    return {"metrics": dict(metrics)} if metrics else {}


def _notes(taken: Taken, look: _Look, lossy: bool) -> Iterator[str]:
    if lossy and any(sensor.kind == "image" for sensor in taken.sensors.values()):
        yield "pictures had lost detail where they came from; here they lose no more, and take more room."
    yield from _scale_notes(taken.scaling, look.limits)
    for name, sensor in taken.sensors.items():
        if taken.sizing.distorts(sensor):
            given, new = ("x".join(map(str, shape[:2])) for shape in (sensor.shape, taken.sizing.sensor(sensor).shape))
            yield f"{name} is {given}, and becomes {new}: {FITS[taken.sizing.fit]}."


def _scale_notes(scale: Scaling, seen: Limits) -> Iterator[str]:
    if scale.by == "range":
        yield (
            "actions are scaled from the range they have in these episodes; a policy's 1 is the highest that was seen "
            "(--scale-actions LOW:HIGH says others)."
        )
    if scale.beyond(seen):
        yield f"actions go from {seen[0].min():.4g} to {seen[1].max():.4g}: what lies beyond the {scale.by} is cut off."


def bytes_in(place: Path) -> int:
    """Return the bytes of a file, or of those in a directory."""
    files = place.rglob("*") if place.is_dir() else (place,)
    return sum(file.stat().st_size for file in files if file.is_file())


def described(imported: Imported) -> dict[str, Json]:
    """Return what became of recordings as a JSON document, without the dataset's path."""
    sensors: dict[str, Any] = {}
    for name, sensor in imported.taken.sensors.items():
        shape = imported.taken.sizing.sensor(sensor).shape
        sensors[name] = {"kind": sensor.kind, "shape": list(shape), "from": sensor.name}
    return {
        "episodes": imported.episodes,
        "rows": imported.rows,
        "sensors": sensors,
        "fps": imported.fps,
        "rewards": imported.taken.rewarded,
        "action_scale": None if imported.taken.scaling.by == "keep" else imported.taken.scaling.metadata,
        "bytes": bytes_in(imported.path),
        "notes": list(imported.notes),
    }
