"""Rows of a dataset from an episode of a recording, whatever its format: here, and nowhere else.

A row is ``(o_t, a_{t-1}, r_{t-1}, terminated_t)``: action and reward led to the observation beside them. N actions make
N + 1 rows; where nothing was seen after the last one, the last row has its action, its reward and its end, and every
sensor is missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.recordings.actions import Scaling
from coral_cli.recordings.pictures import Sizing
from coral_cli.recordings.values import value_of
from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.recorded import RecordedEpisode
from coral_cli.registry.sensors import Sensor

Arrays = dict[str, NDArray[Any]]
LEAVE_OUT = "Leave it out with --episodes: 0:4,5: are all but number 4."


@dataclass(frozen=True)
class Taken:
    """What is taken of recordings: ``sensors`` as they are there, by their names in the dataset, and how."""

    sensors: Mapping[str, Sensor]
    sizing: Sizing
    scaling: Scaling
    rewarded: bool


def rows_of(episode: RecordedEpisode, taken: Taken, where: str) -> Arrays:
    """Return the rows of an episode as a dataset's arrays. ``where`` is what a sentence calls the episode.

    Raises UnreadableError for observations of another number than the actions have, or of another form than told.
    """
    count = len(episode.actions)
    action = np.zeros((count + 1, len(taken.scaling.limits[0])), np.float32)
    action[1:] = taken.scaling(episode.actions)
    terminated = np.zeros(count + 1, bool)
    terminated[-1] = episode.terminated[-1]
    missing = np.zeros((count + 1, len(taken.sensors)), bool)
    arrays: Arrays = {}
    for column, (name, sensor) in enumerate(taken.sensors.items()):
        values = episode.observations[sensor.name]
        arrays[name], seen = _observed(values, sensor, taken.sizing, count, f"{sensor.name} in {where}")
        missing[seen:, column] = True
    arrays |= {"action": action, "terminated": terminated, "missing": missing}
    if taken.rewarded:
        assert episode.rewards is not None
        paid = np.asarray(episode.rewards)
        paid = paid if paid.dtype.kind == "f" else paid.astype(np.float32)
        arrays["reward"] = np.concatenate([np.zeros(1, paid.dtype), paid])
    return arrays


def require_whole(episode: RecordedEpisode, size: int, where: str) -> None:
    """Raise UnreadableError for an episode without an action, or whose parts are not as many, or not finite."""
    actions = np.asarray(episode.actions)
    if not len(actions):
        raise UnreadableError(f"{where} has no action.", LEAVE_OUT)
    if actions.shape[1:] != (size,):
        raise UnreadableError(f"{where} has actions of shape {actions.shape[1:]}, not ({size},).")
    for name, values in (("rewards", episode.rewards), ("ends", episode.terminated)):
        if values is not None and np.shape(values) != (len(actions),):
            raise UnreadableError(f"{where} has {len(actions)} actions, but {name} of shape {np.shape(values)}.")
    for name, values in (("an action", actions), ("a reward", episode.rewards)):
        if values is not None and not np.isfinite(values).all():
            raise UnreadableError(f"{where} has {name} that is not finite.", LEAVE_OUT)


def _observed(
    values: Iterable[NDArray[Any]], sensor: Sensor, sizing: Sizing, count: int, where: str
) -> tuple[NDArray[Any], int]:
    """Return what a sensor observed, N + 1 rows of which the last may be zeros, and how many it did.

    They are put where they stay one by one: an episode's pictures are held once.
    """
    form = sizing.sensor(sensor).shape
    rows, seen = np.zeros((count + 1, *form), np.uint8 if sensor.kind == "image" else np.float32), 0
    for value in itertools.islice(values, count + 2):
        try:
            taken = sizing(sensor, value_of(sensor, np.asarray(value)))
        except ValueError as error:
            raise UnreadableError(f"{where} should be {sensor.kind} {sensor.shape}, but {error}.") from error
        if taken.dtype.kind == "f" and not np.isfinite(taken).all():
            raise UnreadableError(f"{where} has values that are not finite.", "Choose other sensors with --sensor.")
        if seen <= count:
            rows[seen] = taken
        seen += 1
    if seen not in (count, count + 1):
        told = f"more than {count + 1}" if seen > count else str(seen)
        raise UnreadableError(f"{where} has {told} observations for {count} actions.")
    return rows, seen
