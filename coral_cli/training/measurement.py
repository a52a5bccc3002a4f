"""What the trainer measures between two update events: means of metrics, shares of time, rates, memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor


class Measurement:
    """The metrics since the last ``report``, collected without waiting for the device."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._updates = 0
        self._seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    @property
    def age(self) -> float:
        """The seconds since the last report."""
        return time.perf_counter() - self._since

    @property
    def updates(self) -> int:
        """The number of updates since the last report."""
        return self._updates

    def add(self, metrics: Mapping[str, Tensor]) -> None:
        """Count one update."""
        self._updates += 1
        known = [name for name in metrics if name in self._sums]
        if known:
            torch._foreach_add_([self._sums[name] for name in known], [metrics[name] for name in known])
        self._sums |= {name: value.float().clone() for name, value in metrics.items() if name not in self._sums}
        for name in metrics:
            self._counts[name] = self._counts.get(name, 0) + 1

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Count the time inside as ``part``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[part] = self._seconds.get(part, 0.0) + time.perf_counter() - start

    def report(self) -> dict[str, float]:
        """Return and clear means of metrics, ``updates_per_s``, ``seconds/PART`` (share of time), ``memory_mb``."""
        totals = _numbers(list(self._sums.values()))
        age = self.age
        out = {name: total / self._counts[name] for name, total in zip(self._sums, totals, strict=True)}
        out |= {f"seconds/{part}": seconds / age for part, seconds in self._seconds.items()}
        out |= {"updates_per_s": self._updates / age, "memory_mb": resident_megabytes()}
        self._clear()
        return out


def _numbers(scalars: list[Tensor]) -> list[float]:
    """Return the scalars' values; the device of the first, usually of all, is waited for once."""
    return torch.stack([value.to(scalars[0].device).reshape(()) for value in scalars]).tolist() if scalars else []


def resident_megabytes() -> float:
    """Return the memory of this process in MB: now, where the system tells; else the peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
