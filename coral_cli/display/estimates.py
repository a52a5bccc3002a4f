"""Estimates of how long something takes: ranges, with two digits, for nobody knows more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]
"""At least and at most, in seconds."""

MARGIN = 0.3
"""The share of itself by which an estimate may be off, up and down, before any of what it speaks of is done."""

UNITS = (("second", 1.0), ("minute", 60.0), ("hour", 3600.0), ("day", 86400.0))
LONGEST = {"second": 120.0, "minute": 120 * 60.0, "hour": 48 * 3600.0}
"""Up to how many seconds one speaks of seconds, of minutes, of hours."""

FEW = 10.0
"""Seconds below which it does not matter how many."""


def around(guesses: Iterable[float], unknown: float = 1.0) -> Range:
    """Reach from the shortest to the longest of ``guesses``, and beyond both by ``MARGIN``.

    Of that only the share ``unknown``: as much of all the time as is still to come.
    """
    known = list(guesses)
    return min(known) * (1 - MARGIN * unknown), max(known) * (1 + MARGIN * unknown)


def span(times: Range) -> str:
    """Write ``2 to 4 hours``, ``45 seconds to 2.4 minutes``, or ``3 hours`` where both ends are the same."""
    low, high = (max(0.0, time) for time in times)
    if high < FEW:
        return "a few seconds"
    unit = _unit(high)
    last = _text(high, unit)
    if low < 1:
        return f"up to {last}"
    if low < dict(UNITS)[unit]:
        return f"{_text(low, _unit(low))} to {last}"
    first = _number(low, unit)
    return last if last.startswith(f"{first} ") else f"{first} to {last}"


def hurry(busy: str) -> str:
    """Say what to add to an estimate that was made on a ``busy`` machine, if it was."""
    return f"; this machine is busy ({busy}): alone, it would take less" if busy else ""


def _unit(seconds: float) -> str:
    return next((unit for unit, longest in LONGEST.items() if seconds < longest), "day")


def _text(seconds: float, unit: str) -> str:
    number = _number(seconds, unit)
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def _number(seconds: float, unit: str) -> str:
    """Write at most two digits that count, ``2``, ``2.4``, ``24``; seconds are whole."""
    value = float(f"{seconds / dict(UNITS)[unit]:.2g}")
    return f"{value:.0f}" if unit == "second" else f"{value:g}"
