"""The parts of an update, which representation and agent mark as spans.

A profiler shows them as ``coral/NAME``. It notes every operation, though: that slows down the parts that are made of
many small ones, and on a GPU it says when work was handed over, not when it was done. So they are read without one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median

import torch

from coral_cli.measuring.timing import seconds_of, wait
from coral_cli.representation.span import LISTENERS

OTHER = "other"
"""The name of what no span covers."""


@contextmanager
def spans(reading: Callable[[], float]) -> Iterator[Mapping[str, float]]:
    """Collect by how much ``reading`` grows within each span, by name, all of that name taken together.

    A span within another one counts as part of that.
    """
    totals: dict[str, float] = {}
    begun: list[float] = []

    def listen(name: str, begins: bool) -> None:
        if begins:
            begun.append(reading())
            return
        start = begun.pop()
        if not begun:
            totals[name] = totals.get(name, 0.0) + reading() - start

    LISTENERS.append(listen)
    try:
        yield totals
    finally:
        LISTENERS.remove(listen)


def shares(update: Callable[[], object], repeats: int, device: torch.device) -> dict[str, float]:
    """Return the median share of each span, and of ``other``, in the time of ``update``; together 1.

    On a GPU every span waits for the device, so what would overlap counts in full.
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
