"""What agents keep of their return under other conditions: means over episodes, and differences on the same ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from coral_cli.report.statistics import CONFIDENCE, interquartile_mean, interval, mean_interval

RESAMPLES = 10_000
"""The number of random resamples of the episodes: others move an interval's ends by about 2 % of its width."""


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; None where one episode or run says nothing of others."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """The episodes of an agent under a condition: their returns, and 1 or 0 for success, if the task knows any."""

    returns: Sequence[float]
    successes: Sequence[float]
    statistics: Mapping[str, float | None]
    """As ``coral eval`` tells them of one agent: ``NAME/mean``, ``NAME/stderr``."""

    @property
    def average(self) -> Estimate:
        """The mean return."""
        return mean_of(self.returns)

    @property
    def success(self) -> Estimate | None:
        """The share of successes; None where the task knows none."""
        return share_of(self.successes) if self.successes else None


def mean_of(values: Sequence[float]) -> Estimate:
    """Return the mean, with a bootstrap interval over the episodes."""
    ends = mean_interval(values, resamples=RESAMPLES) if len(values) > 1 else (None, None)
    return Estimate(math.fsum(values) / len(values), *ends)


def share_of(values: Sequence[float]) -> Estimate:
    """Return the share of ones among zeros, with Wilson's interval; of other values, what ``mean_of`` does.

    A bootstrap of 20 successes in 20 episodes would be sure that all others are, too.
    """
    count, share = len(values), math.fsum(values) / len(values)
    if count == 1 or not set(values) <= {0.0, 1.0}:
        return mean_of(values)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def of_runs(values: Sequence[float], alone: Estimate) -> Estimate:
    """Return the interquartile mean over runs, with the interval of other runs; ``alone`` is what a single one says."""
    if len(values) == 1:
        return alone
    column = np.array(values, float)[:, None]
    (low,), (high,) = interval([column], resamples=RESAMPLES)
    return Estimate(float(interquartile_mean(column)[0]), float(low), float(high))


@dataclass(frozen=True)
class Change:
    """What another condition does to an agent's return: the mean difference over the same episodes.

    ``kept`` is the ratio of the means; None where a return is negative or the reference is 0, and it means nothing.
    """

    difference: Estimate
    kept: float | None


def change(cell: Cell, reference: Cell) -> Change:
    """Compare ``cell`` with the ``reference``, episode by episode."""
    pairs = zip(cell.returns, reference.returns, strict=True)
    difference = mean_of([here - there for here, there in pairs])
    there = reference.average.value
    positive = there > 0 and min(*cell.returns, *reference.returns) >= 0
    return Change(difference, cell.average.value / there if positive else None)
