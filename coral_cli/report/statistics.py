"""Statistics over runs, as the paper has them: interquartile means with bootstrap intervals (Agarwal et al., 2021)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from coral_cli.report.reading import Over, Run

Array = NDArray[np.float64]
Counts = NDArray[np.int16]

CONFIDENCE = 0.95
RESAMPLES = 100_000
"""With so many, other random ones move an interval's end by less than 1 % of its width in 99 of 100 cases."""
AT_ONCE = 1_000_000
"""About so many numbers are looked at together, whatever the numbers of resamples, runs and steps."""
KEPT = 4
"""So many sets of resamples are kept: of tables that ask for the same again and again."""


@dataclass(frozen=True)
class Curve:
    """A metric over the runs of an agent, at S places; NaN where not all of them have been."""

    steps: NDArray[np.int64] | Array
    """The environment steps (S); over training time, their mean over the runs."""
    iqm: Array
    """Interquartile mean over the runs (S)."""
    low: Array
    high: Array
    """The ends of its 95 % interval (S); NaN for single runs, whose seeds say nothing of others."""
    seconds: Array
    """The training time in seconds (S); over environment steps, its mean over the runs."""

    def along(self, over: Over) -> Array:
        """Return the S places on an axis."""
        return np.asarray(self.steps if over == "steps" else self.seconds, float)


def over_runs(
    runs: Sequence[Run], places: Sequence[float] | None = None, resamples: int = RESAMPLES, over: Over = "steps"
) -> Curve:
    """Return the statistics at ``places``, or wherever one of the runs was evaluated.

    Between two of its evaluations a run's value is on the line from one to the other. Runs on several tasks are
    pooled; the interval is that of other seeds on the same tasks.
    """
    tasks = list(dict.fromkeys(run.task for run in runs))
    at = np.array(sorted({place for run in runs for place in run.along(over)}) if places is None else places)
    values = values_at(at, [(run.along(over), run.values) for run in runs])
    others = values_at(at, [(run.along(over), run.seconds if over == "steps" else run.steps) for run in runs]).mean(0)
    known = ~np.isnan(others)
    iqm, low, high = (np.full(len(at), np.nan) for _ in range(3))
    iqm[known] = interquartile_mean(values[:, known])
    if len(runs) > len(tasks) and known.any():
        of_task = [[run.task == task for run in runs] for task in tasks]
        low[known], high[known] = interval([values[rows][:, known] for rows in of_task], resamples=resamples)
    steps, seconds = (at, others) if over == "steps" else (others, at)
    return Curve(steps, iqm, low, high, seconds)


def values_at(places: NDArray[np.int64] | Array, curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Array:
    """Return the curves' values at other places (curves, S); NaN before their beginnings and after their ends."""
    return np.array([np.interp(places, *curve, left=np.nan, right=np.nan) for curve in curves])


def last_common_step(runs: Sequence[Run]) -> int:
    """Return the step that all of the runs have reached."""
    return min(run.steps[-1] for run in runs)


def interquartile_mean(values: Array, axis: int = 0) -> Array:
    """Return the mean without the lowest and the highest quarter along ``axis``: of 5 values the middle 3, of 3 all."""
    count = values.shape[axis]
    middle: Array = np.sort(values, axis=axis).take(range(count // 4, count - count // 4), axis=axis)
    return np.asarray(middle.mean(axis))


def interval(values: Sequence[Array], seed: int = 0, resamples: int = RESAMPLES) -> tuple[Array, Array]:
    """Return the 95 % interval of the interquartile mean of all ``values``, one (runs, S) for each task.

    Its ends are percentiles over bootstrap resamples of the runs of every task: all that there are, or ``resamples``
    random ones, which follow from ``seed``, where more than that are different.
    """
    counts, times = resampled(tuple(len(of_task) for of_task in values), seed, resamples)
    together = np.concatenate(values)
    few = max(1, AT_ONCE // len(times))
    parts = [together[:, begin : begin + few] for begin in range(0, together.shape[1], few)]
    low, high = np.concatenate([ends(_middle_means(part, counts), times) for part in parts]).T
    return low, high


def mean_interval(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the 95 % interval of the mean of two or more ``values``: its ends are as those of ``interval``."""
    counts, times = resampled((len(values),), seed, resamples)
    low, high = ends(np.asarray(values, float) @ counts / len(values), times)
    return float(low), float(high)


@lru_cache(KEPT)
def resampled(sizes: tuple[int, ...], seed: int, most: int) -> tuple[Counts, Array]:
    """Return how often R resamples have each of all runs (runs, R), and how many are the same as each of them (R).

    Both are kept for those who ask again, and not to be changed.
    """
    if math.prod(math.comb(2 * size - 1, size) for size in sizes) <= most:
        tasks = [_every_resample(size) for size in sizes]
        picks = np.indices([len(times) for _, times in tasks]).reshape(len(sizes), -1)  # one resample of each task
        counts = [of_task[:, pick] for (of_task, _), pick in zip(tasks, picks, strict=True)]
        times = [of_task[pick] for (_, of_task), pick in zip(tasks, picks, strict=True)]
        return np.concatenate(counts), np.prod(times, axis=0)
    random = np.random.default_rng(seed)
    drawn = [random.multinomial(size, np.full(size, 1 / size), most).T.astype(np.int16) for size in sizes]
    return np.concatenate(drawn), np.ones(most)


def _every_resample(size: int) -> tuple[Counts, Array]:
    """Return all resamples of the runs of one task, as ``resampled`` has them.

    Those that have the i-th of n runs k_i times are n! / (k_1! .. k_n!), as many as there are orders.
    """
    chosen = np.array(list(itertools.combinations_with_replacement(range(size), size)))  # (R, runs)
    counts = np.array([(chosen == run).sum(1) for run in range(size)], np.int16)
    factorials = np.array([math.factorial(count) for count in range(size + 1)], float)
    return counts, factorials[size] / factorials[counts].prod(0)


def _middle_means(values: Array, counts: Counts) -> Array:
    """Return interquartile means (S, R) of resamples that have each of ``values`` (runs, S) ``counts`` (runs, R) times.

    It goes from the lowest run to the highest, so that no resample has to be sorted.
    """
    size, cut = len(values), len(values) // 4
    order = np.argsort(values, axis=0)  # (runs, S)
    rising = np.take_along_axis(values, order, axis=0)
    found = []
    for part in np.array_split(counts, 1 + values.size * counts.shape[1] // AT_ONCE, axis=1):
        seen = np.cumsum(part[order], axis=0, dtype=counts.dtype)  # (runs, S, R)
        np.clip(seen, cut, size - cut, out=seen)  # what is seen but for the lowest and the highest quarter
        middle = np.diff(seen, axis=0, prepend=counts.dtype.type(cut))
        found.append(np.einsum("ns,nsr->sr", rising, middle) / (size - 2 * cut))
    return np.concatenate(found, axis=1)


def ends(means: Array, times: Array) -> Array:
    """Return the interval's low and high end (.., 2): resamples have ``means`` (.., R), each so many ``times`` (R)."""
    order = np.argsort(means, axis=-1)
    through = np.cumsum(times[order], axis=-1)
    tail = (1 - CONFIDENCE) / 2
    places = [(through < share * through[..., -1:]).sum(-1, keepdims=True) for share in (tail, 1 - tail)]
    return np.take_along_axis(means, np.take_along_axis(order, np.concatenate(places, -1), -1), -1)
