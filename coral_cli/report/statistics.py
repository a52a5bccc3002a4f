"""Statistics over runs, as the paper has them: interquartile means with bootstrap intervals (Agarwal et al., 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coral_cli.report.reading import Run

Array = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Curve:
    """A metric over the runs of an agent, at S environment steps; NaN where not all of them have been."""

    steps: NDArray[np.int64]
    """(S)"""
    iqm: Array
    """Interquartile mean over the runs (S)."""
    low: Array
    high: Array
    """The ends of its 95 % interval (S); NaN for single runs, whose seeds say nothing of others."""
    seconds: Array
    """Training time, mean over the runs (S)."""


def over_runs(runs: Sequence[Run], steps: Sequence[int] | None = None) -> Curve:
    """The statistics at ``steps``, or wherever one of the runs was evaluated.

    Between two of its evaluations a run's value is on the line from one to the other. Runs on several tasks are
    pooled; the interval is that of other seeds on the same tasks.
    """
    tasks = list(dict.fromkeys(run.task for run in runs))
    at = np.array(sorted({step for run in runs for step in run.steps}) if steps is None else steps)
    values = _at(at, [(run.steps, run.values) for run in runs])
    seconds = _at(at, [(run.steps, run.seconds) for run in runs]).mean(0)
    known = ~np.isnan(seconds)
    iqm, low, high = (np.full(len(at), np.nan) for _ in range(3))
    iqm[known] = interquartile_mean(values[:, known])
    if len(runs) > len(tasks) and known.any():
        of_task = [[run.task == task for run in runs] for task in tasks]
        low[known], high[known] = interval([values[rows][:, known] for rows in of_task])
    return Curve(at, iqm, low, high, seconds)


def _at(steps: NDArray[np.int64], curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Array:
    """Curves at other steps (curves, S); NaN before their beginnings and after their ends."""
    return np.array([np.interp(steps, *curve, left=np.nan, right=np.nan) for curve in curves])


def last_common_step(runs: Sequence[Run]) -> int:
    """How far all of them went."""
    return min(run.steps[-1] for run in runs)


def interquartile_mean(values: Array, axis: int = 0) -> Array:
    """The mean without the lowest and the highest quarter along ``axis``: of 5 values the middle 3, of 3 all."""
    count = values.shape[axis]
    middle: Array = np.sort(values, axis=axis).take(range(count // 4, count - count // 4), axis=axis)
    return np.asarray(middle.mean(axis))


def interval(values: Sequence[Array]) -> tuple[Array, Array]:
    """The 95 % interval of the interquartile mean of all ``values``, one (runs, S) for each task.

    Percentiles over bootstrap resamples of the runs of every task; always the same for the same values.
    """
    random = np.random.default_rng(0)
    resamples = [of_task[random.integers(len(of_task), size=(RESAMPLES, len(of_task)))] for of_task in values]
    means = interquartile_mean(np.concatenate(resamples, axis=1), axis=1)  # (RESAMPLES, S)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return low, high
