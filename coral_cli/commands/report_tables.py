"""What ``coral report`` tells of a task: tables, a document, lines of a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from coral_cli.display.numbers import count, duration, number
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.report.comparison import Comparison, mean_and_gap
from coral_cli.report.estimates import Estimate
from coral_cli.report.grouping import Agent, Task
from coral_cli.report.published import near, published
from coral_cli.report.statistics import Curve
from coral_cli.runs.files import replacing


@dataclass(frozen=True)
class Told:
    """A task with the statistics of its agents, and these beside one another, where there is something to compare."""

    task: Task
    metric: str
    curves: Sequence[tuple[Agent, Curve]]
    best: float | None
    comparison: Comparison | None


@dataclass(frozen=True)
class TextTable:
    """A table as text, with what it holds in a few words; all columns but the first hold numbers."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(told: Told) -> list[TextTable]:
    """Return the tables of a task, the interquartile means first; others only where an agent has several runs."""
    found = [_middle(told)]
    if told.comparison is not None:
        found.append(_averages(told))
        if len(told.comparison.agents) > 1:
            found.append(_improvements(told.comparison))
    return found


def _middle(told: Told) -> TextTable:
    """Return interquartile means, a row for each step of each agent; published values have a column if any."""
    columns = (told.task.name, "runs", "steps", told.metric, "95 % interval", "paper", "training time")
    rows = [
        (
            agent.name,
            count(len(agent.runs)),
            count(int(step)),
            _known(iqm),
            "-" if math.isnan(low) else f"{number(low)} to {number(high)}",
            number(near(published(agent, told.metric), step)),
            "-" if math.isnan(seconds) else duration(seconds),
        )
        for agent, curve in told.curves
        for step, iqm, low, high, seconds in zip(*_lists(curve).values(), strict=True)
    ]
    paper = columns.index("paper")
    shown = [index for index in range(len(columns)) if index != paper or any(row[paper] != "-" for row in rows)]
    names, cells = [columns[index] for index in shown], [[row[index] for index in shown] for row in rows]
    return TextTable(f"{told.metric} on {told.task.name}: interquartile means over runs", names, cells)


def _averages(told: Told) -> TextTable:
    """Return means and, where the best value is known, optimality gaps, a row for each step of each agent."""
    columns = ["on average", "steps", "mean", "95 % interval"]
    columns += ["optimality gap", "95 % interval"] if told.best is not None else []
    rows = []
    for agent, curve in told.curves:
        for step in curve.steps.tolist():
            mean, gap = mean_and_gap(agent, step, told.best)
            known = (mean, gap) if told.best is not None else (mean,)
            rows.append([agent.name, count(step), *(cell for one in known for cell in _cells(one))])
    gaps = " and optimality gaps" if told.best is not None else ""
    return TextTable(f"Means{gaps} of {told.metric}: {told.task.name}", columns, rows)


def _improvements(compared: Comparison) -> TextTable:
    """Return how probable it is that a run of the agent in the row does better than one in the column."""
    names = [agent.name for agent in compared.agents]
    known = {pair: _joined(estimate) for pair, estimate in compared.improvements.items()}
    rows = [[name, *(known.get((one, other), "-") for other in range(len(names)))] for one, name in enumerate(names)]
    caption = "How probable it is that a run of the row beats one of the column"
    return TextTable(caption, [f"better at {count(compared.step)}", *(f"than {name}" for name in names)], rows)


def _cells(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None:
        return "-", "-"
    ends = "-" if estimate.low is None else f"{number(estimate.low)} to {number(estimate.high)}"
    return number(estimate.value), ends


def _joined(estimate: Estimate) -> str:
    value, ends = _cells(estimate)
    return value if ends == "-" else f"{value} ({ends})"


def _known(value: float) -> str:
    return number(None if math.isnan(value) else value)


def _lists(curve: Curve) -> dict[str, list[float]]:
    return {field.name: getattr(curve, field.name).tolist() for field in fields(curve)}


def document(told: Told) -> Json:
    """Return a task for ``--json``: its agents, their statistics and their runs, and how they compare."""
    return {
        "task": told.task.name,
        "agents": [_agent(agent, curve, told) for agent, curve in told.curves],
        "comparison": told.comparison and _comparison(told.comparison),
    }


def _agent(agent: Agent, curve: Curve, told: Told) -> dict[str, Json]:
    averages = [mean_and_gap(agent, step, told.best) for step in curve.steps.tolist()]
    return {
        "name": agent.name,
        "differs": dict(agent.differs),
        "statistics": {
            **{name: [None if math.isnan(v) else v for v in vs] for name, vs in _lists(curve).items()},
            "mean": [mean and asdict(mean) for mean, _ in averages],
            "optimality_gap": [gap and asdict(gap) for _, gap in averages],
        },
        "published": dict(published(agent, told.metric)),
        "runs": [
            {
                "path": as_written(run.path),
                "seed": run.seed,
                "steps": list(run.steps),
                "values": list(run.values),
                "seconds": list(run.seconds),
            }
            for run in agent.runs
        ],
    }


def _comparison(compared: Comparison) -> dict[str, Json]:
    names, profiles = [agent.name for agent in compared.agents], compared.profiles
    return {
        "step": compared.step,
        "best": compared.best,
        "improvement": [
            {"agent": names[one], "other": names[other], **asdict(estimate)}
            for (one, other), estimate in compared.improvements.items()
        ],
        "thresholds": profiles[0].thresholds.tolist(),
        "profiles": [
            {
                "agent": name,
                "share": found.share.tolist(),
                "low": _numbers(found.low.tolist()),
                "high": _numbers(found.high.tolist()),
            }
            for name, found in zip(names, profiles, strict=True)
        ],
    }


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]


COLUMNS = (
    *("task", "agent", "runs", "steps", "metric", "iqm", "iqm_low", "iqm_high", "mean", "mean_low", "mean_high"),
    *("optimality_gap", "optimality_gap_low", "optimality_gap_high", "paper", "seconds"),
)
"""The columns of ``--csv``, a line for each step of each agent of each task."""


def write_csv(path: Path, every: Sequence[Told]) -> None:
    """Write the statistics of all tasks. Raises CoralError when the file cannot be written."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        lines.writerows(line for told in every for line in _lines(told))


def _lines(told: Told) -> Iterator[Sequence[Json]]:
    for agent, curve in told.curves:
        for step, iqm, low, high, seconds in zip(*_lists(curve).values(), strict=True):
            mean, gap = mean_and_gap(agent, int(step), told.best)
            yield (
                *(told.task.name, agent.name, len(agent.runs), int(step), told.metric),
                *_numbers([iqm, low, high]),
                *_three(mean),
                *_three(gap),
                near(published(agent, told.metric), step),
                *_numbers([seconds]),
            )


def _three(estimate: Estimate | None) -> tuple[float | None, ...]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
