"""One chart: where its lines, bands and numbers lie. The page draws it, in the colours that it likes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coral_cli.report.aggregates import Profile
from coral_cli.report.curves import Curves
from coral_cli.report.grouping import Agent
from coral_cli.report.reading import Over
from coral_cli.report.statistics import Curve

WIDTH, HEIGHT = 420, 250
"""The size of a chart with its numbers, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 60, 30, 10, 40
"""The room around the lines, in pixels."""

OUTLYING = 4
"""An axis leaves values out where all span so many times the range of the inner nine tenths."""
MANY = 20
"""The number of values up to which no axis leaves any out, and each is drawn as a dot."""

TIMES = (("seconds", 1, 120), ("minutes", 60, 2 * 3600), ("hours", 3600, math.inf))
"""Units of time, with their seconds, and those up to which an axis has them."""

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
    over: Over | None = None
    """What a curve goes over; None of what is no curve."""


def chart(drawn: Curves, published: Sequence[Mapping[int, float]]) -> Chart:
    """Draw the interquartile mean over each agent's runs, its interval, and the runs.

    ``published`` are the paper's values of each agent by steps. At least one run has a point.
    """
    runs = [run for _, agent in drawn.agents for run in agent.runs]
    values = np.array([value for run in runs for value in run.values])
    stars = [value for known in published for value in known.values()]
    low, high = _inner(values) if len(values) > MANY else (values.min(), values.max())
    low, high = min([low, *stars]), max([high, *stars])
    scale = scale_of(drawn.over, max(run.along(drawn.over)[-1] for run in runs))
    x = _Axis(0, scale.last, LEFT, WIDTH - RIGHT, scale.size)
    y = _Axis(low, high, HEIGHT - BOTTOM, TOP)
    pairs = list(zip(drawn.agents, drawn.means, strict=True))
    lines = [
        _line(number, agent, curve, known, drawn.over, x, y)
        for ((number, agent), curve), known in zip(pairs, published, strict=True)
    ]
    beyond = values.min() < low or values.max() > high
    cut = (
        f"The axis leaves out some of the values, which lie between {_short(values.min())} and {_short(values.max())}."
    )
    said = "; ".join(_said(agent, curve, drawn.over, scale) for (_, agent), curve in pairs)
    return Chart(
        name=drawn.name,
        lines=lines,
        x_ticks=x.ticks(5),
        y_ticks=y.ticks(5),
        said=f"{drawn.name} over {scale.name}. {said}.",
        cut=cut if beyond else "",
        across=scale.across,
        over=drawn.over,
    )


@dataclass(frozen=True)
class Scale:
    """The horizontal axis of a curve."""

    name: str
    unit: str
    """The unit of its numbers."""
    size: float
    """The number of steps or seconds of one unit."""
    last: float
    """The end, in steps or seconds."""

    @property
    def across(self) -> str:
        """What stands below the axis."""
        return f"{self.name} ({self.unit})" if self.unit != "steps" else self.name


def scale_of(over: Over, last: float) -> Scale:
    """Return the axis of curves up to ``last``, in steps or in seconds: these become minutes or hours."""
    if over == "steps":
        return Scale("environment steps", "steps", 1, last)
    unit, size = next((name, size) for name, size, most in TIMES if last <= most)
    return Scale("training time", unit, size, last)


def profile_chart(name: str, metric: str, profiles: Sequence[tuple[int, str, Profile]]) -> Chart:
    """Draw which share of runs is above each value of ``metric``, of agents with their numbers and names."""
    thresholds = profiles[0][2].thresholds
    x, y = _Axis(thresholds[0], thresholds[-1], LEFT, WIDTH - RIGHT), _Axis(0, 1, HEIGHT - BOTTOM, TOP)
    lines, said = [], []
    for number, agent, known in profiles:
        low, high = (list(zip(x(thresholds), y(ends), strict=True)) for ends in (known.low, known.high))
        band = "" if np.isnan(known.low).any() else _corners(low + high[::-1])
        mean = _path(zip(x(thresholds), y(known.share), strict=True))
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
    """An axis: from values between ``low`` and ``high`` to pixels from ``start`` to ``end``; ticks count ``unit``."""

    def __init__(self, low: float, high: float, start: float, end: float, unit: float = 1) -> None:
        if not high > low:  # one value alone has room around it
            room = abs(low) / 2 or 1
            low, high = low - room, high + room
        self.low, self.high, self.start, self.end, self.unit = low, high, start, end, unit

    def __call__(self, values: Sequence[float] | np.ndarray) -> list[float]:
        """Return pixels, with one decimal."""
        shares = (np.asarray(values, float) - self.low) / (self.high - self.low)
        places: list[float] = np.round(self.start + shares * (self.end - self.start), 1).tolist()
        return places

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """Return about ``count`` round numbers with their places."""
        low, high = self.low / self.unit, self.high / self.unit
        rough = (high - low) / count
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
        numbers = [step * number for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
        places = self([number * self.unit for number in numbers])
        return [(place, text(float(f"{number:.12g}"))) for place, number in zip(places, numbers, strict=True)]


def _inner(values: np.ndarray) -> tuple[float, float]:
    """Return the range of an axis: all values, or where a few lie far away, the inner nine tenths and some room."""
    low, high = np.percentile(values, [5, 95])
    if high > low and np.ptp(values) > OUTLYING * (high - low):
        room = (high - low) / 2
        return max(low - room, values.min()), min(high + room, values.max())
    return values.min(), values.max()


def _line(number: int, agent: Agent, curve: Curve, known: Mapping[int, float], over: Over, x: _Axis, y: _Axis) -> Line:
    def points(values: np.ndarray) -> list[tuple[float, float]]:
        there = ~np.isnan(values)
        return list(zip(x(curve.along(over)[there]), y(values[there]), strict=True))

    mean = points(curve.iqm)
    return Line(
        number=number,
        mean=_path(mean),
        band=_corners(points(curve.low) + points(curve.high)[::-1]),
        runs=[_path(zip(x(run.along(over)), y(run.values), strict=True)) for run in agent.runs],
        dots=mean if len(mean) <= MANY else (),
        stars=list(zip(x([*known]), y([*known.values()]), strict=True)),
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    along = "L".join([f"{across} {down}" for across, down in points])
    return f"M{along}" if along else ""


def _corners(points: Points) -> str:
    return " ".join([f"{across},{down}" for across, down in points])


def _said(agent: Agent, curve: Curve, over: Over, scale: Scale) -> str:
    known = np.flatnonzero(~np.isnan(curve.iqm))
    if not len(known):
        return f"{agent.name} has no {'step' if over == 'steps' else 'time'} that all its runs have reached"
    place = float(curve.along(over)[known[-1]])
    after = f"{int(place):,}" if over == "steps" else _short(place / scale.size)
    return f"{agent.name} has {_short(curve.iqm[known[-1]])} after {after} {scale.unit}"
