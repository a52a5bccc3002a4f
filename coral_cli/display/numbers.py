"""Numbers as people read them."""

from __future__ import annotations

import math

_UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: float | None) -> str:
    """Write about three digits: ``0.52``, ``431.2``, ``11,004``, ``3.0e-04``; ``-`` for what is missing."""
    if value is None:
        return "-"
    size = abs(value)
    if not math.isfinite(size):
        return str(value)
    if size >= 1e7 or 0 < size < 0.01:
        return f"{value:.1e}"
    decimals = 2 if size < 10 else 1 if size < 1000 else 0
    return f"{value:,.{decimals}f}"


def rate(value: float | None) -> str:
    """Write events per second: ``0.004``, ``0.31``, ``4.1``, ``310``."""
    if value is None:
        return "-"
    if value < 0.1:
        return f"{value:.1g}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def count(value: int) -> str:
    """Write every digit: ``24,000``."""
    return f"{value:,}"


def size(num_bytes: float) -> str:
    """Write bytes in powers of a thousand: ``1.2 GB``."""
    value, unit = num_bytes, 0
    while value >= 999.5 and unit < len(_UNITS) - 1:  # 999.6 would be shown as 1000
        value, unit = value / 1000, unit + 1
    decimals = 0 if value >= 9.95 or value == int(value) else 1
    return f"{value:.{decimals}f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Write seconds as ``0:31:10``, or ``2d 3:04:05`` from one day on."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}d {hour}:{minute:02d}:{second:02d}" if days else f"{hour}:{minute:02d}:{second:02d}"
