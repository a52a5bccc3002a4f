"""Whether a reader keeps the contract of ``Reader`` and ``RecordingModule``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np

from coral_cli.recordings.rows import require_whole
from coral_cli.recordings.values import value_of
from coral_cli.registry.recorded import RecordedEpisode, RecordingModule
from coral_cli.registry.records import Reader
from coral_cli.registry.sensors import Sensor
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.records import RECORD


@dataclass(frozen=True)
class Case:
    """A reader, the options to build it with, and what it is to read."""

    record: Reader
    options: object
    source: str

    @contextmanager
    def opened(self) -> Iterator[RecordingModule]:
        """Give the recordings."""
        with closing(self.record.build(self.options, self.source)) as recording:
            yield recording


def check_reader(record: Reader, source: str, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule.

    ``source`` are recordings of its format, with a sensor and an action at least: they are read to their end.
    """
    failures = failures_of(record, RECORD)
    case = Case(record, options or record.options, source)
    settle(f"reader {record.name!r}", failures or failures_of(case, (_about,), (_episodes, _observations, _again)))


def _about(case: Case) -> None:
    """Require that the recordings say what they hold, and how."""
    with case.opened() as found:
        require(found.episodes > 0, f"there are {found.episodes} episodes.", "Count those of the source.")
        require(bool(found.sensors), "there is no sensor.", "Name what is observed, with `sensor_of`.")
        named = all(isinstance(sensor, Sensor) and sensor.name == name for name, sensor in found.sensors.items())
        require(named, "a sensor has another name than it stands under.", "Name both alike.")
        require(found.fps is None or found.fps > 0, f"fps is {found.fps}.", "Give None where it is not known.")
        wrong = found.bounds is not None and any(np.shape(side) != (found.action_size,) for side in found.bounds)
        require(not wrong, "the bounds are not two arrays (A,).", "Give the lowest and the highest action, or None.")


def _episodes(case: Case) -> None:
    """Require that an episode's parts are as many as its actions, whichever sensors are asked for."""
    with case.opened() as found:
        for number in range(found.episodes):
            require_whole(found.episode(number, ()), found.action_size, f"episode {number}")


def _observations(case: Case) -> None:
    """Require values of the form that their sensor says, one more than actions, or as many, and no sensor unasked."""
    with case.opened() as found:
        for number in range(found.episodes):
            episode = found.episode(number, tuple(found.sensors))
            for name, sensor in found.sensors.items():
                count = sum(1 for value in episode.observations[name] if value_of(sensor, np.asarray(value)).size)
                hint = "Give N + 1, or N where nothing was seen after the last action."
                steps = len(episode.actions)
                require(count - steps in (0, 1), f"{name} has {count} values for {steps} actions.", hint)
        require(
            not found.episode(found.episodes - 1, ()).observations, "sensors come unasked.", "Read what is asked for."
        )


def _again(case: Case) -> None:
    """Require that the same is read every time."""
    require(_first(case) == _first(case), "an episode is not the same when it is read again.", "Keep no state of it.")


def _first(case: Case) -> tuple[bytes, ...]:
    with case.opened() as found:
        episode: RecordedEpisode = found.episode(0, tuple(found.sensors))
        seen = [np.stack(list(episode.observations[name])) for name in found.sensors]
        return tuple(np.asarray(array).tobytes() for array in (episode.actions, episode.terminated, *seen))
