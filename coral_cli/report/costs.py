"""What a training has cost: the time of an update, of all of it, and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from coral_cli.registry.events import Event
from coral_cli.report.reading import events_of
from coral_cli.runs.metrics import is_number

PARTS = ("seconds/sample", "seconds/learn")
"""The shares of time that updates take: to draw a batch, and to learn from it."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds of an update (the median of what the run has told), minutes of the whole run, megabytes at most.

    None of what the run has not told.
    """

    update: float | None
    minutes: float | None
    memory: float | None


def costs_of(run: Path) -> Costs:
    """Return what a run has cost. Raises UnreadableError when its events are damaged."""
    events = events_of(run, ("update", "end"))
    updates = [event for event in events if event.kind == "update"]
    times = [time for time in map(_milliseconds, updates) if time is not None]
    memory = [event.values["memory_mb"] for event in updates if is_number(event.values.get("memory_mb"))]
    last = [event.seconds for event in events if event.kind == "end"]
    return Costs(median(times) if times else None, max(last) / 60 if last else None, max(memory) if memory else None)


def _milliseconds(event: Event) -> float | None:
    """Return the milliseconds of an update, of those that an event tells of."""
    rate = event.values.get("updates_per_s")
    shares: Sequence[float] = [event.values[part] for part in PARTS if is_number(event.values.get(part))]
    return 1000 * sum(shares) / rate if is_number(rate) and rate > 0 and shares else None
