"""The interval of a mean over few episodes: Student's t distribution."""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95
MANY = 10_000
"""Degrees of freedom from which on the normal distribution is as good, to four digits."""


def t_interval(mean: float, error: float, count: int) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a mean over ``count`` (at least 2) values with this standard error."""
    reach = quantile((1 + CONFIDENCE) / 2, count - 1) * error
    return mean - reach, mean + reach


def quantile(share: float, freedom: int) -> float:
    """Return the value below which this ``share`` (0.5 to 1) of Student's t lies, by halving, to 12 digits."""
    if freedom > MANY:
        return NormalDist().inv_cdf(share)
    low, high = 0.0, 1.0
    while below(high, freedom) < share:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle, freedom) < share else (low, middle)
    return high


def below(value: float, freedom: int) -> float:
    """Return the share of Student's t below ``value`` (at least 0), for a whole number of degrees of freedom.

    The finite sums are Abramowitz and Stegun's 26.7.3 and 26.7.4, for the share between -value and value.
    """
    angle = math.atan2(value, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(2 + odd, freedom + 1, 2):  # as many terms as halves of the degrees
        total += term
        term *= cosine**2 * (power - 1) / power
    between = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 + between) / 2
