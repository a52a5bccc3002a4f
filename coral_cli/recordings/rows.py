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
from coral_cli.registry.records import Sensor

Arrays = dict[str, NDArray[Any]]


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
        seen = _observed(values, sensor, taken.sizing, count, f"{sensor.name} in {where}")
        missing[len(seen) :, column] = True
        arrays[name] = _padded(seen, count + 1)
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
        raise UnreadableError(f"{where} has no action.", "Leave it out with --episodes.")
    if actions.shape[1:] != (size,):
        raise UnreadableError(f"{where} has actions of shape {actions.shape[1:]}, not ({size},).")
    for name, values in (("rewards", episode.rewards), ("ends", episode.terminated)):
        if values is not None and np.shape(values) != (len(actions),):
            raise UnreadableError(f"{where} has {len(actions)} actions, but {name} of shape {np.shape(values)}.")
    for name, values in (("an action", actions), ("a reward", episode.rewards)):
        if values is not None and not np.isfinite(values).all():
            raise UnreadableError(f"{where} has {name} that is not finite.", "Leave it out with --episodes.")


def _observed(values: Iterable[NDArray[Any]], sensor: Sensor, sizing: Sizing, count: int, where: str) -> NDArray[Any]:
    """Return what a sensor observed, N or N + 1 values."""
    seen = []
    for value in itertools.islice(values, count + 2):
        try:
            seen.append(sizing(sensor, value_of(sensor, np.asarray(value))))
        except ValueError as error:
            raise UnreadableError(f"{where} should be {sensor.kind} {sensor.shape}, but {error}.") from error
    if len(seen) not in (count, count + 1):
        told = f"more than {count + 1}" if len(seen) > count else str(len(seen))
        raise UnreadableError(f"{where} has {told} observations for {count} actions.")
    stacked = np.stack(seen)
    if stacked.dtype.kind == "f" and not np.isfinite(stacked).all():
        raise UnreadableError(f"{where} has values that are not finite.", "Choose other sensors with --sensor.")
    return stacked


def _padded(values: NDArray[Any], rows: int) -> NDArray[Any]:
    rest = np.zeros((rows - len(values), *values.shape[1:]), values.dtype)
    return np.concatenate([values, rest]) if len(rest) else values
