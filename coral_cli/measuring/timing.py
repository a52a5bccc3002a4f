"""How long calls take, and how far the repeats lie apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Timing:
    """The seconds of several repeats. ``spread`` is the width of their middle half, as a share of the median."""

    median: float
    best: float
    spread: float
    repeats: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Return the timing that at least one measured time amounts to."""
        low, median, high = np.percentile(seconds, [25, 50, 75])
        spread = (high - low) / median if median else 0.0
        return cls(float(median), float(min(seconds)), float(spread), len(seconds))


def wait(device: torch.device) -> None:
    """Wait until ``device`` has done all it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(call: Callable[[], object], device: torch.device = CPU) -> float:
    """Return the time of a call, from an idle device to an idle device."""
    wait(device)
    start = time.perf_counter()
    call()
    wait(device)
    return time.perf_counter() - start


def interleaved(
    calls: Mapping[str, Callable[[], object]], repeats: int, device: torch.device = CPU, warm_up: int = 1
) -> dict[str, Timing]:
    """Time ``calls`` in turn, ``repeats`` rounds after ``warm_up`` ones, every second round in reverse order.

    What disturbs the machine for a while so disturbs all of them, and none always comes after the same other.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm_up + repeats):
        for name in reversed(list(calls)) if number % 2 else calls:
            spent = seconds_of(calls[name], device)
            if number >= warm_up:
                seconds[name].append(spent)
    return {name: Timing.of(values) for name, values in seconds.items()}
