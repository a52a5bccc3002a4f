"""One chart: where its lines, bands and numbers lie. The page draws it, in the colours that it likes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coral_cli.report.aggregates import Profile
from coral_cli.report.grouping import Agent
from coral_cli.report.reading import Run
from coral_cli.report.series import thinned_over_runs
from coral_cli.report.statistics import Curve

WIDTH, HEIGHT = 420, 250
"""The size of a chart with its numbers, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 60, 30, 10, 40
"""The room around the lines, in pixels."""

OUTLYING = 4
"""An axis leaves values out where all span so many times the range of the inner nine tenths."""
MANY = 20
"""The number of values up to which no axis leaves any out, and each is drawn as a dot."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One agent's part of a chart, in pixels; texts are those of ``<path d>`` and ``<polygon points>``."""

    number: int
    """The place among the agents of the task, from which the colour follows."""
    mean: str
    band: str
    """The interval around the mean; empty where there is none."""
    runs: Sequence[str]
    dots: Points
    """The points of the mean, where they are few."""
    stars: Points


@dataclass(frozen=True)
class Chart:
    """A metric over environment steps, or a share of runs over a metric."""

    name: str
    lines: Sequence[Line]
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    said: str
    """What it shows, for those who cannot see it."""
    cut: str
    """Which values lie beyond the axis, if any."""
    across: str = "environment steps"
    """The meaning of the horizontal axis."""


def chart(name: str, agents: Sequence[tuple[int, Agent]], published: Sequence[Mapping[int, float]]) -> Chart:
    """Draw the interquartile mean over each agent's runs, its interval, and the runs.

    ``agents`` have their numbers beside them, ``published`` the paper's values of each by steps. At least one run has a
    point.
    """
    curves = [thinned_over_runs(agent.runs) for _, agent in agents]
    runs = [run for _, agent in agents for run in agent.runs]
    values = np.array([value for run in runs for value in run.values])
    stars = [value for known in published for value in known.values()]
    low, high = _inner(values) if len(values) > MANY else (values.min(), values.max())
    low, high = min([low, *stars]), max([high, *stars])
    x = _Axis(0, max(run.steps[-1] for run in runs), LEFT, WIDTH - RIGHT)
    y = _Axis(low, high, HEIGHT - BOTTOM, TOP)
    lines = [
        _line(number, agent.runs, curve, known, x, y)
        for (number, agent), curve, known in zip(agents, curves, published, strict=True)
    ]
    beyond = values.min() < low or values.max() > high
    cut = (
        f"The axis leaves out some of the values, which lie between {_short(values.min())} and {_short(values.max())}."
    )
    said = "; ".join(_said(agent, curve) for (_, agent), curve in zip(agents, curves, strict=True))
    return Chart(name, lines, x.ticks(5), y.ticks(5), f"{name} over environment steps. {said}.", cut if beyond else "")


def profile_chart(name: str, metric: str, profiles: Sequence[tuple[int, str, Profile]]) -> Chart:
    """Draw which share of runs is above each value of ``metric``, of agents with their numbers and names."""
    thresholds = profiles[0][2].thresholds
    x, y = _Axis(thresholds[0], thresholds[-1], LEFT, WIDTH - RIGHT), _Axis(0, 1, HEIGHT - BOTTOM, TOP)
    lines, said = [], []
    for number, agent, known in profiles:
        low, high = (
            [(x(place), y(end)) for place, end in zip(thresholds, ends, strict=True)]
            for ends in (known.low, known.high)
        )
        band = "" if np.isnan(known.low).any() else " ".join(f"{across},{down}" for across, down in low + high[::-1])
        mean = _path([(x(place), y(share)) for place, share in zip(thresholds, known.share, strict=True)])
        lines.append(Line(number, mean, band, (), (), ()))
        half = thresholds[known.share >= 0.5]
        said.append(
            f"half of the runs of {agent} are above {_short(half[-1])}" if len(half) else f"of {agent}, fewer are"
        )
    return Chart(name, lines, x.ticks(5), y.ticks(5), f"Share of {name}: {'; '.join(said)}.", "", metric)


def text(value: float) -> str:
    """Return a number as it stands at an axis: ``1,000,000``, ``0.25``, ``3e-05``."""
    if value == 0:
        return "0"
    return f"{value:,.7g}" if 1e-3 <= abs(value) < 1e7 else f"{value:.3g}"


def _short(value: float) -> str:
    return text(float(f"{value:.3g}"))


class _Axis:
    """An axis: from values between ``low`` and ``high`` to pixels from ``start`` to ``end``."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        if not high > low:  # one value alone has room around it
            room = abs(low) / 2 or 1
            low, high = low - room, high + room
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """Return about ``count`` round numbers with their places."""
        rough = (self.high - self.low) / count
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
        numbers = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return [(self(number * step), text(float(f"{number * step:.12g}"))) for number in numbers]


def _inner(values: np.ndarray) -> tuple[float, float]:
    """Return the range of an axis: all values, or where a few lie far away, the inner nine tenths and some room."""
    low, high = np.percentile(values, [5, 95])
    if high > low and np.ptp(values) > OUTLYING * (high - low):
        room = (high - low) / 2
        return max(low - room, values.min()), min(high + room, values.max())
    return values.min(), values.max()


def _line(number: int, runs: Sequence[Run], curve: Curve, known: Mapping[int, float], x: _Axis, y: _Axis) -> Line:
    def places(values: Iterable[float]) -> list[tuple[float, float]]:
        return [(x(step), y(value)) for step, value in zip(curve.steps, values, strict=True) if not math.isnan(value)]

    mean, around = places(curve.iqm), places(curve.low) + places(curve.high)[::-1]
    return Line(
        number=number,
        mean=_path(mean),
        band=" ".join(f"{across},{down}" for across, down in around),
        runs=[_path([(x(s), y(v)) for s, v in zip(run.steps, run.values, strict=True)]) for run in runs],
        dots=mean if len(mean) <= MANY else (),
        stars=[(x(step), y(value)) for step, value in known.items()],
    )


def _path(points: Points) -> str:
    return "M" + "L".join(f"{across} {down}" for across, down in points) if points else ""


def _said(agent: Agent, curve: Curve) -> str:
    reached = [(step, mean) for step, mean in zip(curve.steps, curve.iqm, strict=True) if not math.isnan(mean)]
    if not reached:
        return f"{agent.name} has no step that all its runs have reached"
    step, mean = reached[-1]
    return f"{agent.name} has {_short(mean)} after {step:,} steps"
