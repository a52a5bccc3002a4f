"""What a run has measured so far, for whoever goes on showing it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import beginning, event_of

START, UPDATE, EPISODE, EVALUATION = map(beginning, ("start", "update", "episode", "evaluation"))

ENOUGH = 4096
"""Updates to draw a curve from; of more, as in a long run, every second one is read, or every third, and so on."""


def history(path: Path, until: float = math.inf) -> Iterator[Event]:
    """Yield the episodes, updates and evaluations of a run as it finally went, one by one.

    Those that the file's first ``until`` bytes tell.

    A resumed run repeats what it had told after its checkpoint: that is left out. So is what cannot be read, since a
    run goes on without. The file is gone through line by line, first for what that takes.
    """
    with suppress(OSError):
        ends, left = _survey(path, until)
        stride = math.ceil(left / ENOUGH)
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file, until)):
                while ends and ends[-1][0] <= number:
                    ends.pop()
                update = line.startswith(UPDATE)
                left -= update
                wanted = left % stride == 0 if update else line.startswith((EPISODE, EVALUATION))
                event = _event(line) if wanted else None
                if event and (not ends or event.seconds <= ends[-1][1]):
                    yield event


def _lines(file: BinaryIO, until: float) -> Iterator[bytes]:
    read = 0
    for line in file:
        read += len(line)
        if read > until:
            return
        yield line


def _survey(path: Path, until: float) -> tuple[list[tuple[int, float]], int]:
    """Find where the run was resumed, the last first, and how many lines hold updates.

    Beside each resumption's line number stands the least that the run had trained for there or at a later one.
    """
    starts, updates = [], 0
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file, until)):
            updates += line.startswith(UPDATE)
            if line.startswith(START):
                starts.append((number, _event(line)))
    ends, least = [], math.inf
    for number, event in reversed(starts):
        if event and event.values.get("resumed"):
            least = min(least, event.seconds)
            ends.append((number, least))
    return ends, updates


def _event(line: bytes) -> Event | None:
    """Return the event of a line, None for one that no run writes."""
    with suppress(UnreadableError):
        return event_of(line)
    return None
