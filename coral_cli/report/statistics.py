"""Statistics over runs, as the paper has them: interquartile means with bootstrap intervals (Agarwal et al., 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, trim_mean

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
    """The ends of its 95 % interval (S); NaN for a single run, whose seed says nothing of others."""
    seconds: Array
    """Training time, mean over the runs (S)."""


def over_runs(runs: Sequence[Run], steps: Sequence[int] | None = None) -> Curve:
    """The statistics at ``steps``, or wherever one of the runs was evaluated.

    Between two of its evaluations a run's value is on the line from one to the other.
    """
    at = np.array(sorted({step for run in runs for step in run.steps}) if steps is None else steps)
    values = _at(at, [(run.steps, run.values) for run in runs])
    seconds = _at(at, [(run.steps, run.seconds) for run in runs]).mean(0)
    known = ~np.isnan(seconds)
    iqm, low, high = (np.full(len(at), np.nan) for _ in range(3))
    iqm[known] = interquartile_mean(values[:, known])
    if len(runs) > 1 and known.any():
        low[known], high[known] = interval(values[:, known])
    return Curve(at, iqm, low, high, seconds)


def _at(steps: NDArray[np.int64], curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Array:
    """Curves at other steps (curves, S); NaN before their beginnings and after their ends."""
    return np.array([np.interp(steps, *curve, left=np.nan, right=np.nan) for curve in curves])


def last_common_step(runs: Sequence[Run]) -> int:
    """How far all of them went."""
    return min(run.steps[-1] for run in runs)


def interquartile_mean(values: Array, axis: int = 0) -> Array:
    """The mean without the lowest and the highest quarter along ``axis``: of 5 values the middle 3, of 3 all."""
    return trim_mean(values, 0.25, axis=axis)


def interval(values: Array) -> tuple[Array, Array]:
    """The 95 % interval of the interquartile mean of (runs, S): percentiles over resamples of runs, always the same."""
    found = bootstrap(
        (values,),
        interquartile_mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return found.low, found.high
