"""What the runs of a study come to, beside a reference: ratios of means with intervals, and what is not finished."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from coral_cli.registry.options import Json
from coral_cli.report.estimates import RESAMPLES, Estimate, mean_of
from coral_cli.report.statistics import ends, resampled
from coral_cli.runs.files import replacing


@dataclass(frozen=True)
class Square:
    """One square of a heat map: what tells it from the others, and what its finished runs come to.

    ``relative`` is None of the reference itself, of what is not finished or whose reference is not, and where a ratio
    means nothing; ``steps`` are the environment steps that one of its runs took, those of its source included.
    """

    labels: Mapping[str, str]
    runs: int
    finished: int
    value: Estimate | None
    relative: Estimate | None
    is_reference: bool = False
    steps: int = 0
    unit: str = ""
    is_cost: bool = False
    """Whether less is better."""
    probed: int | None = None
    """The number of runs whose latent was looked into, where ``value`` is a share (R2) of what is found there."""

    @property
    def done(self) -> bool:
        """Whether all runs are finished, and looked into where that is what the square tells of."""
        return self.finished == self.runs == (self.runs if self.probed is None else self.probed)

    @property
    def unmeasured(self) -> bool:
        """Whether all runs are finished and yet some have no value, where a finished run should have one."""
        return self.value is None and self.finished == self.runs and self.probed is None

    @property
    def unrelated(self) -> bool:
        """Whether there is a value and no ratio, where there should be one."""
        return bool(self.value and not self.relative) and not self.is_reference and self.probed is None

    @property
    def worse(self) -> bool:
        """Whether all of the interval is on the worse side of the reference."""
        end = None if self.relative is None else self.relative.low if self.is_cost else self.relative.high
        return end is not None and (end > 1 if self.is_cost else end < 1)

    @property
    def shade(self) -> str:
        """The colour of what is relative to the reference, and of a share; "" where nothing is."""
        if self.probed is not None and self.value is not None:
            return shade(1 + self.value.value)
        if self.relative is None:
            return ""
        ratio = self.relative.value
        return shade(ratio if not self.is_cost else 1 / ratio if ratio > 0 else 2)


MEASURE = "quantity"
"""The name of rows that tell of the same runs in several ways."""


@dataclass(frozen=True)
class HeatMap:
    """Squares in rows and columns, each named by labels of the squares."""

    title: str
    measure: str
    rows: Sequence[str]
    columns: Sequence[str]
    row_name: str
    squares: Mapping[tuple[str, str], Square] = field(default_factory=dict)
    worse: str = "worse"
    """What it is called when a square is worse than the reference."""

    @property
    def runs(self) -> int:
        """The number of runs that it tells of."""
        return sum(square.runs for square in self._once)

    @property
    def unfinished(self) -> int:
        """The number of runs that are not finished."""
        return sum(square.runs - square.finished for square in self._once)

    @property
    def _once(self) -> Collection[Square]:
        """One square for all that tell of the same runs."""
        same = self.row_name == MEASURE
        return {column if same else (row, column): one for (row, column), one in self.squares.items()}.values()


def relative(values: Sequence[float], reference: Sequence[float]) -> Estimate | None:
    """Return the ratio of the means, with the interval of other seeds; None of single ones.

    Both have a value for each of the same seeds (N), which are resampled as pairs: a lucky start is one for both. The
    interval's ends are percentiles over these resamples. None where a value is negative or the reference's mean is 0: a
    ratio means nothing there.
    """
    pairs = np.array([values, reference], float)  # raises ValueError for other seeds
    if not pairs.size or pairs.min() < 0 or pairs[1].mean() <= 0:
        return None
    ratio = float(pairs[0].mean() / pairs[1].mean())
    if len(values) < 2:
        return Estimate(ratio, None, None)
    counts, times = resampled((len(values),), 0, RESAMPLES)
    above, under = pairs @ counts
    known = under > 0
    low, high = ends(above[known] / under[known], times[known])
    return Estimate(ratio, float(low), float(high))


def square(
    labels: Mapping[str, str],
    values: Sequence[float | None],
    reference: Sequence[float | None] | None,
    steps: int = 0,
    unit: str = "",
    is_cost: bool = False,
    finished: int | None = None,
) -> Square:
    """Return the square of runs with these ``values``, by seed, None of one that has none.

    ``reference`` has those of the same seeds, and is None where the square is the reference itself. So many runs are
    ``finished``: those that have a value, unless it is said.
    """
    known = [value for value in values if value is not None]
    done = bool(values) and len(known) == len(values)
    theirs = [value for value in reference or () if value is not None]
    comparable = done and reference is not None and len(theirs) == len(reference) == len(known)
    return Square(
        labels=labels,
        runs=len(values),
        finished=len(known) if finished is None else finished,
        value=mean_of(known) if done else None,
        relative=relative(known, theirs) if comparable else None,
        is_reference=reference is None,
        steps=steps,
        unit=unit,
        is_cost=is_cost,
    )


def area(steps: Sequence[int], values: Sequence[float], end: int) -> float | None:
    """Return the mean of a curve between its first evaluation and ``end``; None where it has fewer than two points.

    That is the area under the curve by trapezoids, divided by its width.
    """
    at = np.array([step for step in steps if step <= end], float)
    known = np.array(values[: len(at)], float)
    if len(at) < len(steps) and at.size and at[-1] < end:  # the value at the end, on the line to the next one
        known = np.append(known, np.interp(end, steps, values))
        at = np.append(at, end)
    if len(at) < 2:
        return None
    return float(np.sum((known[1:] + known[:-1]) / 2 * np.diff(at)) / (at[-1] - at[0]))


def document(heat: HeatMap) -> dict[str, Json]:
    """Return a heat map for ``--json``."""
    return {
        "title": heat.title,
        "measure": heat.measure,
        "unfinished_runs": heat.unfinished,
        "squares": [asdict(square) for square in heat.squares.values()],
    }


NUMBERS = ("value", "value_low", "value_high", "relative", "relative_low", "relative_high")


def write_csv(path: Path, every: Sequence[HeatMap]) -> None:
    """Write a line for each square of each heat map. Raises CoralError when it cannot be written."""
    labels = list(dict.fromkeys(name for heat in every for square in heat.squares.values() for name in square.labels))
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["measure", *labels, "runs", "finished", "probed", *NUMBERS, "unit", "steps", "reference"])
        for heat in every:
            for one in heat.squares.values():
                own = [one.labels.get(name, "") for name in labels]
                numbers = [*_three(one.value), *_three(one.relative)]
                row = [heat.measure, *own, one.runs, one.finished, one.probed, *numbers, one.unit, one.steps or None]
                lines.writerow([*row, "yes" if one.is_reference else "no"])


def _three(estimate: Estimate | None) -> tuple[float | None, ...]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


COLD, WARM = (0x4C, 0x9F, 0xDB), (0xE8, 0x7D, 0x2C)


def shade(value: float) -> str:
    """Return the colour of a ratio: white at 1, orange below, the more so the nearer to 0, blue above, up to 2."""
    strength = min(abs(value - 1), 1.0)
    end = WARM if value < 1 else COLD
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in end)
