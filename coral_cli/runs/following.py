"""What a run tells while it goes on, read from its files as they grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event
from coral_cli.registry.options import Json
from coral_cli.runs.backwards import backwards, reading, whole_lines
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import DOCUMENT_BYTES, Check, FormError, number, require, text, whole
from coral_cli.runs.history import history
from coral_cli.runs.metrics import MEASURED, beginning, event_of, is_number
from coral_cli.runs.standing import STATES, speaks


def _status(value: Json, where: str) -> None:
    if text(value, where) not in STATES:
        raise FormError(f"{where} is none of an end")


def _number_or_none(value: Json, where: str) -> None:
    if value is not None:
        number(value, where)


MEASUREMENTS = tuple(map(beginning, MEASURED))
MESSAGE: dict[str, Check] = {"message": text}
FORMS: Mapping[str, tuple[dict[str, Check], Sequence[str]]] = {
    "start": (
        {
            **dict.fromkeys(("budget", "pending"), whole),
            **dict.fromkeys(("replay_bytes", "updates_per_env_step"), number),
        },
        (),
    ),
    "episode": (dict.fromkeys(("episode", "pending"), whole), ("episode",)),
    "update": (dict.fromkeys(("updates", "pending"), whole), ()),
    "checkpoint": ({"path": text}, ("path",)),
    "note": (MESSAGE, ("message",)),
    "warning": (MESSAGE, ("message",)),
    "end": ({"status": _status, "seconds": number, "best_return": _number_or_none}, ("status", "seconds")),
}
"""What displays rely on, of the values of an event, and which of these it must have."""


class Following:
    """A reader of what ``run`` tells. What no display could show is left out."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._place = 0
        self._file: tuple[int, int] | None = None
        self.ended = False
        """Whether the last that the run told is its end, so far as was read."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to come: nobody trains here."""
        held = self._run.is_held()
        if held is None:  # the file system does not tell
            return self.ended or not speaks(self._run)
        return not held

    def so_far(self) -> list[Event]:
        """Return what the run has told as it finally went: all that it has measured, its last start and words since.

        Raises UnreadableError where its metrics cannot be read.
        """
        path, self._place = self._run.metrics, 0
        if path.exists():
            self._place = whole_lines(path)
        self._file = self._identity()
        since = [event for event in map(fitting, self._since_start()) if event]
        self.ended = any(event.kind == "end" for event in since)
        measured = [event for event in map(fitting, history(path, self._place)) if event]
        return sorted([*measured, *since], key=lambda event: event.seconds)

    def _since_start(self) -> list[Event]:
        """Return the last start, and the last event of each kind that measures nothing since then."""
        found: dict[str, Event] = {}
        for line in backwards(self._run.metrics, self._place) if self._place else ():
            with suppress(UnreadableError):
                event = None if line.startswith(MEASUREMENTS) else event_of(line)
                if event and event.kind not in MEASURED:
                    found.setdefault(event.kind, event)
            if "start" in found:
                break
        return list(reversed(found.values()))

    def news(self) -> list[Event] | None:
        """Return what has been told since the last look; None where the run has begun anew, or goes on from earlier.

        Then ``so_far`` tells what it has come to by now. Raises UnreadableError.
        """
        if self._identity() != self._file:
            return None
        events = [event for event in map(fitting, self.lines()) if event]
        if any(event.kind == "start" for event in events):
            return None
        self.ended = self.ended or any(event.kind == "end" for event in events)
        return events

    def lines(self) -> Iterator[Event]:
        """Yield what has been told since the last look, at first from the beginning: every line that is an event."""
        if (identity := self._identity()) != self._file:
            self._place, self._file = 0, identity
        while identity and (read := self._read()):
            for line in read.split(b"\n"):
                with suppress(UnreadableError):
                    yield event_of(line)

    def _read(self) -> bytes:
        """Return lines that have come to their end since the last look, some of them if they are many."""
        with reading(self._run.metrics) as file:
            file.seek(self._place)
            read = file.read(DOCUMENT_BYTES)
        end = read.rfind(b"\n") + 1
        if not end and len(read) == DOCUMENT_BYTES:  # no event is as long
            end = len(read)
        self._place += end
        return read[:end]

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the file of metrics from one that has taken its place; None where there is none."""
        with suppress(OSError):
            about = self._run.metrics.stat()
            return (about.st_dev, about.st_ino) if about.st_size >= self._place else (about.st_dev, -1)
        return None


def fitting(event: Event) -> Event | None:
    """Return an event as displays can show it, without numbers beyond all measure; None for one that they cannot."""
    checks, needed = FORMS.get(event.kind, ({}, ()))
    try:
        require(event.values, checks, needed)
    except FormError:
        return None
    if event.kind not in MEASURED:
        return event
    shown = {
        name: value if isinstance(value, bool) or is_number(value) else None for name, value in event.values.items()
    }
    return replace(event, values=shown)
