"""The labelled parts of an update.

Representation and agent mark what they do with torch's ``record_function`` as ``coral/NAME``, which a profiler shows.
A profiler notes every operation, though: that slows down the parts that are made of many small ones, and on a GPU it
says when work was handed over, not when it was done. So the same labels are read here without one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch
from torch.profiler import record_function

from coral_cli.measuring.timing import seconds_of, wait

PREFIX = "coral/"
OTHER = "other"
"""What no label covers."""


@contextmanager
def spans(reading: Callable[[], float]) -> Iterator[Mapping[str, float]]:
    """By how much ``reading`` grows within each label ``coral/NAME``, by NAME, all its spans taken together.

    A label within another one counts as part of that.
    """
    enter, leave = record_function.__enter__, record_function.__exit__
    totals: dict[str, float] = {}
    begun: list[float] = []

    def entering(span: record_function) -> Any:
        entered = enter(span)  # type: ignore[no-untyped-call]
        if span.name.startswith(PREFIX):
            begun.append(reading())
        return entered

    def leaving(span: record_function, *error: Any) -> None:
        if span.name.startswith(PREFIX):
            start = begun.pop()
            if not begun:
                name = span.name.removeprefix(PREFIX)
                totals[name] = totals.get(name, 0.0) + reading() - start
        leave(span, *error)

    record_function.__enter__, record_function.__exit__ = entering, leaving  # type: ignore[method-assign]
    try:
        yield totals
    finally:
        record_function.__enter__, record_function.__exit__ = enter, leave  # type: ignore[method-assign]


def shares(update: Callable[[], object], repeats: int, device: torch.device) -> dict[str, float]:
    """The median share of each label, and of ``other``, in the time of ``update``; together 1.

    On a GPU every label waits for the device, so what would overlap counts in full.
    """

    def clock() -> float:
        wait(device)
        return time.perf_counter()

    runs = []
    for _ in range(repeats):
        with spans(clock) as parts:
            total = seconds_of(update, device)
        found = {name: seconds / total for name, seconds in parts.items()}
        runs.append(found | {OTHER: 1.0 - sum(found.values())})
    medians = {
        name: median(run.get(name, 0.0) for run in runs) for name in dict.fromkeys(n for run in runs for n in run)
    }
    return {name: share / sum(medians.values()) for name, share in medians.items()}
