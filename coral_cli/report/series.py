"""Everything that a run measured while it went, as curves: evaluations, losses and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from coral_cli.registry.events import Event, EventKind
from coral_cli.report.reading import Run, events_of
from coral_cli.report.statistics import Curve, over_runs
from coral_cli.runs.metrics import is_number

KINDS: Mapping[str, EventKind] = {
    "evaluation": "evaluation",
    **dict.fromkeys(("loss", "metric", "share", "policy", "gradient"), "update"),
}
"""The groups of curves, in their order, and the events that hold them."""

POINTS = 60
"""The most points of a curve; where there are more, neighbours are averaged."""
DRAWN_RESAMPLES = 10_000
"""The number of random resamples for an interval that is drawn: others move its ends by about 2 % of its width."""


def series(run: Run) -> dict[str, dict[str, Run]]:
    """Return the run with each of its curves in the place of the metric, by group (``loss``) and name (``image``).

    Raises UnreadableError when its metrics are damaged.
    """
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for event in events_of(run.path):
        for place, value in _values(event):
            found.setdefault(place, []).append((event.step, value, event.seconds))
    curves: dict[str, dict[str, Run]] = {group: {} for group in KINDS}
    for (group, name), points in found.items():
        steps, values, seconds = _thinned(points)
        curves[group][name] = replace(run, steps=steps, values=values, seconds=seconds)
    return curves


def _values(event: Event) -> list[tuple[tuple[str, str], float]]:
    """Return what an event has to draw: its numbers by group and name."""
    of_kind = [group for group, kind in KINDS.items() if kind == event.kind]
    values: list[tuple[tuple[str, str], float]] = []
    for key, value in event.values.items():
        if event.kind == "evaluation":
            group, name = ("evaluation", key.removesuffix("/mean")) if key.endswith("/mean") else ("", "")
        else:
            group, _, name = key.partition("/")
        if group in of_kind and name and is_number(value):
            values.append(((group, name), float(value)))
    return values


def _thinned(
    points: Sequence[tuple[float, float, float]],
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Return rising steps, values and seconds, one of each step or, beyond POINTS, means over neighbours."""
    columns = np.array(points, float)  # (points, 3)
    steps = columns[:, 0]
    places = np.unique(steps)
    if len(places) > POINTS:
        places = np.linspace(places[0], places[-1], POINTS + 1)[:-1]
    bins = np.searchsorted(places, steps, side="right")
    means = np.array([columns[bins == index].mean(0) for index in np.unique(bins)])
    return tuple(map(int, means[:, 0])), tuple(means[:, 1].tolist()), tuple(means[:, 2].tolist())


def thinned_over_runs(runs: Sequence[Run]) -> Curve:
    """Return the statistics over ``runs``, at POINTS steps if they have more."""
    steps = sorted({step for run in runs for step in run.steps})
    if len(steps) > POINTS:
        steps = np.linspace(steps[0], steps[-1], POINTS).astype(int).tolist()
    return over_runs(runs, steps, DRAWN_RESAMPLES)
