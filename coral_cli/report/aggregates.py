"""What agents come to over all of their runs: the definitions of Agarwal et al. (2021), whose package is ``rliable``.

Scores are one array (N) for each task, the runs' scores there; the tasks may have different numbers of runs, and each
counts as much as any other. Intervals are those of resamples of the runs of every task (a stratified bootstrap).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coral_cli.report.estimates import Estimate
from coral_cli.report.statistics import Array, Counts, ends, resampled

Scores = Sequence[Array]

RESAMPLES = 20_000
"""The number of resamples for an interval: all that there are of two agents with 5 runs each, else random ones."""
THRESHOLDS = 51
"""The number of places at which a profile is known."""


@dataclass(frozen=True)
class Profile:
    """The share of runs whose score is above each of T thresholds (T), and the ends of its 95 % interval (T).

    ``low`` and ``high`` are NaN where no task has two runs.
    """

    thresholds: Array
    share: Array
    low: Array
    high: Array


def mean(scores: Scores) -> Estimate:
    """Return the mean over tasks of the mean over runs."""
    return _estimate(_averages([of_task[None] for of_task in scores]))


def optimality_gap(scores: Scores, best: float) -> Estimate:
    """Return how far runs stay below ``best``, as a share of it: 0 where all reach it, and more than that is no better.

    With scores divided by ``best``, that is 1 - mean(min(score, 1)).
    """
    return _estimate(_averages([np.maximum(1 - of_task / best, 0)[None] for of_task in scores]))


def profile(scores: Scores, thresholds: Array) -> Profile:
    """Return the score distribution: how many runs are above each threshold."""
    share, low, high = _averages([(of_task > thresholds[:, None]).astype(float) for of_task in scores])
    return Profile(thresholds, share, low, high)


def improvement(scores: Scores, others: Scores) -> Estimate:
    """Return the probability that a run of an agent is better than one of another: the mean over tasks.

    Ties count one half, as in the statistic of Mann and Whitney. Both agents have runs on the same tasks.
    """
    wins = [
        (ours[:, None] > theirs).astype(float) + 0.5 * (ours[:, None] == theirs)
        for ours, theirs in zip(scores, others, strict=True)
    ]
    known = float(np.mean([of_task.mean() for of_task in wins]))
    sizes = tuple(len(of_task) for of_task in (*scores, *others))
    if all(size == 1 for size in sizes[: len(scores)]) or all(size == 1 for size in sizes[len(scores) :]):
        return Estimate(known, None, None)
    counts, times = resampled(sizes, 0, RESAMPLES)
    parts = _parts(counts, sizes)
    shares = [
        np.einsum("ir,ij,jr->r", ours, of_task, theirs, optimize=True) / of_task.size
        for of_task, ours, theirs in zip(wins, parts[: len(wins)], parts[len(wins) :], strict=True)
    ]
    low, high = ends(np.mean(shares, axis=0), times)
    return Estimate(known, float(low), float(high))


def complement(probability: Estimate) -> Estimate:
    """Return the probability of the opposite: what one agent improves, the other loses."""
    low, high = (None if end is None else 1 - end for end in (probability.high, probability.low))
    return Estimate(1 - probability.value, low, high)


def thresholds(scores: Sequence[Scores], best: float | None) -> Array:
    """Return the places of profiles that show all of these ``scores``: from 0, or below, up to the ``best``."""
    every = np.concatenate([of_task for agent in scores for of_task in agent])
    low, high = min(0.0, every.min()), max(every.max(), best or -math.inf)
    places: Array = np.linspace(low, high if high > low else low + 1, THRESHOLDS)
    return places


def _averages(values: Scores) -> tuple[Array, Array, Array]:
    """Return means over tasks of means over runs, and their intervals' ends (T each), of T ``values`` (T, N) a task."""
    sizes = tuple(of_task.shape[1] for of_task in values)
    means = np.mean([of_task.mean(1) for of_task in values], axis=0)
    if max(sizes) == 1:
        return means, np.full_like(means, np.nan), np.full_like(means, np.nan)
    counts, times = resampled(sizes, 0, RESAMPLES)
    weights = [part / size for part, size in zip(_parts(counts, sizes), sizes, strict=True)]
    resamples = sum(of_task @ weight for of_task, weight in zip(values, weights, strict=True)) / len(values)
    low, high = ends(np.asarray(resamples), times).T
    return means, low, high


def _parts(counts: Counts, sizes: Sequence[int]) -> list[NDArray[np.int16]]:
    return np.split(counts, np.cumsum(sizes)[:-1])


def _estimate(averages: tuple[Array, Array, Array]) -> Estimate:
    value, low, high = (float(one.item()) for one in averages)
    return Estimate(value, None, None) if math.isnan(low) else Estimate(value, low, high)
