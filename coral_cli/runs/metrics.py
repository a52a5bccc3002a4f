"""metrics.jsonl: every event of a run, one JSON document a line, appended as it happens."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeGuard, get_args

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event, EventKind
from coral_cli.registry.options import Json
from coral_cli.runs.documents import DOCUMENT_BYTES, Check, FormError, number, parsed, require, table, text, whole
from coral_cli.runs.files import writing

MEASURED = ("episode", "update", "evaluation")
"""The kinds of event that hold numbers alone."""
LARGEST = 1e100
"""The largest number to count with: beyond it the differences and squares of numbers may be infinite."""


def _kind(value: Json, where: str) -> None:
    if value not in get_args(EventKind):
        raise FormError(f"{where} is none of an event")


def _time(value: Json, where: str) -> None:
    if value is not None:
        text(value, where)


CHECKS: dict[str, Check] = {"kind": _kind, "step": whole, "seconds": number, "values": table}


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


def beginning(kind: str) -> bytes:
    """Return how the lines of a kind of event begin, so that no other has to be parsed."""
    return f'{{"kind": "{kind}"'.encode()


def read_metrics(path: Path, only: Sequence[EventKind] = ()) -> list[Event]:
    """Return the events of a run as it finally went; with ``only``, those of such kinds, and its starts.

    A run that resumes at step S repeats what came after S, so a resumed start drops the events beyond it.
    A last line without its end is still being written, and left out. Raises UnreadableError.
    """
    events: list[Event] = []
    others = [kind for kind in get_args(EventKind) if only and kind not in (*only, "start")]
    passed_over = tuple(map(beginning, others))
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(DOCUMENT_BYTES), b""), start=1):
                if not line.endswith(b"\n") and len(line) < DOCUMENT_BYTES:
                    break
                if line.startswith(passed_over):
                    continue
                event = event_of(line, f"line {number} of {path}")
                if event.kind == "start" and event.values.get("resumed"):
                    events = [earlier for earlier in events if earlier.step <= event.step]
                events.append(event)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror or error}).") from error
    return events


def event_of(line: bytes, where: str = "a line") -> Event:
    """Read one line; what is not finite is None. Raises UnreadableError where no run can have written it."""
    try:
        document = table(parsed(line), "it")
        require(document, CHECKS | {"time": _time}, CHECKS)
        measured = document["kind"] in MEASURED
        for name, value in document["values"].items():
            if type(value) is float:
                if not math.isfinite(value):
                    document["values"][name] = None
            elif measured and not (value is None or isinstance(value, bool)):
                number(value, name)
        return Event(**document)
    except (FormError, TypeError) as error:
        raise UnreadableError(f"{where} is damaged ({error}).") from error


def is_number(value: object) -> TypeGuard[float]:
    """Return whether it can be counted with and drawn: finite, not beyond all measure, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


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
