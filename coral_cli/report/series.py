"""Everything that a run measured while it went, as curves: evaluations, losses and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from coral_cli.registry.events import EventKind
from coral_cli.report.reading import Over, Run, events_of
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
    found: dict[tuple[str, str], tuple[list[float], list[float], list[float]]] = {}
    for event in events_of(run.path, ("evaluation", "update")):
        for name, value in event.values.items():
            place = _place(event.kind, name)
            if place and is_number(value):
                steps, values, seconds = found.setdefault(place, ([], [], []))
                steps.append(event.step)
                values.append(value)
                seconds.append(event.seconds)
    curves: dict[str, dict[str, Run]] = {group: {} for group in KINDS}
    for (group, name), columns in found.items():
        steps, values, seconds = _thinned(*columns)
        curves[group][name] = replace(run, steps=tuple(map(int, steps)), values=tuple(values), seconds=tuple(seconds))
    return curves


@cache
def _place(kind: EventKind, key: str) -> tuple[str, str] | None:
    """Return the group and the name of what an event of some kind calls ``key``; None of what is not drawn."""
    group, _, name = key.partition("/")
    if kind == "evaluation":
        group, name = "evaluation", key.removesuffix("/mean") if key.endswith("/mean") else ""
    return (group, name) if name and KINDS.get(group) == kind else None


def _thinned(steps: Sequence[float], values: Sequence[float], seconds: Sequence[float]) -> list[list[float]]:
    """Return rising steps, values and seconds, one of each step or, beyond POINTS, means over neighbours."""
    places, bins = np.unique(steps, return_inverse=True)
    if len(places) > POINTS:
        begins = np.linspace(places[0], places[-1], POINTS + 1)[:-1]
        bins = np.unique(np.searchsorted(begins, steps, side="right"), return_inverse=True)[1]
    counts = np.bincount(bins)
    return [(np.bincount(bins, column) / counts).tolist() for column in (steps, values, seconds)]


def thinned_over_runs(runs: Sequence[Run], over: Over = "steps") -> Curve:
    """Return the statistics over ``runs``, at POINTS places if they have more."""
    places = sorted({place for run in runs for place in run.along(over)})
    if len(places) > POINTS:
        evenly = np.linspace(places[0], places[-1], POINTS)
        places = (evenly.astype(int) if over == "steps" else evenly).tolist()
    return over_runs(runs, places, DRAWN_RESAMPLES, over)
