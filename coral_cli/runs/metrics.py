"""metrics.jsonl: every event of a run, one JSON document a line, appended as it happens."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event, EventKind
from coral_cli.runs.files import writing


class MetricsWriter:
    """A listener that appends each event to ``path``. Close it, or use it in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            self._file = path.open("a+b")
            _cut_partial_line(path)

    def __call__(self, event: Event) -> None:
        """Append the event. Raises CoralError when the line cannot be written."""
        with writing(self._path):
            self._file.write(to_line(event).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Give the file back. Every line is on its way to the disk already, or has failed to get there."""
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def to_line(event: Event) -> str:
    """Write an event as one line of JSON. JSON has no NaN and no infinity: both become null."""
    values = {key: _finite(value) for key, value in event.values.items()}
    document = {"kind": event.kind, "step": event.step, "seconds": event.seconds, "time": event.time, "values": values}
    return json.dumps(document, allow_nan=False)


def read_metrics(path: Path) -> list[Event]:
    """Return the events of a run as it finally went.

    A run that resumes at step S repeats what came after S, so a resumed start drops the events beyond it.
    A last line without its end is still being written, and left out. Raises UnreadableError.
    """
    try:
        *lines, _ = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path} cannot be read ({error}).") from error
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        try:
            event = Event(**json.loads(line))
            if not isinstance(event.values, dict):
                raise TypeError
        except (ValueError, TypeError) as error:
            raise UnreadableError(f"line {number} of {path} is damaged.") from error
        if event.kind == "start" and event.values.get("resumed"):
            events = [earlier for earlier in events if earlier.step <= event.step]
        events.append(event)
    return events


def curve(events: Sequence[Event], kind: EventKind, key: str) -> tuple[list[int], list[float]]:
    """Return the environment steps and values of ``key`` in events of ``kind``; what was not finite is NaN."""
    points = [(event.step, event.values[key]) for event in events if event.kind == kind and key in event.values]
    return [step for step, _ in points], [math.nan if value is None else float(value) for _, value in points]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cut_partial_line(path: Path) -> None:
    """Drop the piece of a line that a killed run left, lest the next line be glued to it."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
