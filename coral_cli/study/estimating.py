"""How long a sweep will take: from what one rehearsal of each agent comes to, and from runs that go on or are over."""

from __future__ import annotations

import heapq
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from coral_cli.display.estimates import MARGIN, Range
from coral_cli.plugin import EngineModule, Job
from coral_cli.registry.errors import CoralError
from coral_cli.runs.documents import FormError, parsed
from coral_cli.study.outcomes import last_error

REHEARSAL = "rehearsal-"
TICK = 0.2
"""Seconds between looks at rehearsals."""


def makespan(durations: Iterable[float], jobs: int, begun: Sequence[float] = ()) -> float:
    """Return the seconds until all is done, ``jobs`` at a time in this order.

    ``begun`` are the seconds that what runs already still takes.
    """
    free = sorted(begun)[-jobs:]
    free += [0.0] * (jobs - len(free))
    heapq.heapify(free)
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def remaining(waiting: Sequence[float | None], running: Sequence[Range | None], jobs: int) -> Range | None:
    """Return in how many seconds a sweep is through, at least and at most; None where that is not known.

    ``waiting`` are what the runs to come will take, ``running`` what those that have begun still take.
    """
    durations = [seconds for seconds in waiting if seconds is not None]
    begun = [left for left in running if left is not None]
    if len(durations) < len(waiting) or len(begun) < len(running):
        return None
    low = makespan([(1 - MARGIN) * seconds for seconds in durations], jobs, [left[0] for left in begun])
    high = makespan([(1 + MARGIN) * seconds for seconds in durations], jobs, [left[1] for left in begun])
    return low, high


def rehearsed(
    jobs: Mapping[str, Job], engine: EngineModule, tell: Callable[[str], None] = lambda said: None
) -> dict[str, float]:
    """Return the seconds that the training of each of ``jobs`` will take, by key, as ``--dry-run`` has it.

    All are rehearsed on ``engine``, as many at a time as runs will be, and write nothing that stays; ``tell`` hears how
    far that is. Raises CoralError for one that cannot be rehearsed, as it could not be trained either.
    """
    with tempfile.TemporaryDirectory(prefix="coral-sweep-") as place:
        own = {key: _rehearsal(job, Path(place) / f"{index}.log") for index, (key, job) in enumerate(jobs.items())}
        engine.submit(list(own.values()))
        told = -1
        while True:
            statuses = engine.poll()
            over = [job for job in own.values() if statuses[job.name].state in ("done", "failed", "preempted")]
            if len(over) != told:
                told = len(over)
                tell(f"measuring: {told} of {len(own)}")
            if told == len(own):
                return {key: _seconds(job) for key, job in own.items()}
            time.sleep(TICK)


def _rehearsal(job: Job, log: Path) -> Job:
    at = job.command.index("--out")  # where it would go is no matter
    return replace(job, name=f"{REHEARSAL}{job.name}", log=log, command=(*job.command[:at], "--dry-run", "--json"))


def _seconds(job: Job) -> float:
    """Return what a rehearsal has found out. Raises CoralError when it has failed."""
    try:
        lines = job.log.read_text(encoding="utf-8", errors="replace").splitlines()
        document = parsed("\n".join(lines[lines.index("{") : len(lines) - lines[::-1].index("}")]))
        return float(document["eta_seconds"])
    except (OSError, ValueError, KeyError, TypeError, FormError) as error:
        said = last_error(job.log) or f"it said nothing of how long it will take ({error})"
        raise CoralError(f"{job.name.removeprefix(REHEARSAL)} cannot be trained: {said}") from error
