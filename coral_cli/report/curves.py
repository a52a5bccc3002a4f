"""Every curve of a task, pooled over the runs of each agent: over environment steps, or over training time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant
from coral_cli.report.grouping import Agent, Task
from coral_cli.report.reading import Over, Run
from coral_cli.report.series import KINDS, series, thinned_over_runs
from coral_cli.report.statistics import Curve
from coral_cli.runs.files import replacing

Series = Mapping[Path, Mapping[str, Mapping[str, Run]]]
"""Curves of single runs by the run's path, group and name."""

COLUMNS = ("task", "agent", "curve", "over", "at", "runs", "iqm", "iqm_low", "iqm_high")
"""The columns of a file of curves, which has a line for each point."""


@dataclass(frozen=True)
class Curves:
    """What one curve is for all agents of a task that have it, by their numbers among them."""

    name: str
    """``return``, ``loss/image``."""
    over: Over
    agents: Sequence[tuple[int, Agent]]
    """The agents with their numbers; in the place of their runs' metric stands this curve."""
    means: Sequence[Curve]
    """The statistics over each agent's runs."""


def series_of(tasks: Sequence[Task]) -> Series:
    """Read everything that the runs measured. Raises UnreadableError when the metrics of one are damaged."""
    runs = {run.path: run for task in tasks for agent in task.agents for run in agent.runs}
    return {path: series(run) for path, run in runs.items()}


def names_of(task: Task, group: str, metric: str, known: Series) -> list[str]:
    """Return the names of a group's curves: the metric and success first, the length of episodes last.

    A task that is several pooled ones has the metric alone: nothing else has a common scale on them.
    """
    found = dict.fromkeys(name for agent in task.agents for run in agent.runs for name in known[run.path][group])
    if len({run.task for agent in task.agents for run in agent.runs}) > 1:
        return [metric] if group == "evaluation" and metric in found else []
    order = {metric: 0, "success": 1, "length": 3} if group == "evaluation" else {"total": 0}
    return sorted(found, key=lambda name: order.get(name, 2))


def curves(task: Task, group: str, name: str, over: Over, known: Series) -> Curves:
    """Pool one curve over the runs of each agent, of those agents and runs that have it."""
    having = [
        (number, replace(agent, runs=tuple(own[name] for run in agent.runs if name in (own := known[run.path][group]))))
        for number, agent in enumerate(task.agents)
    ]
    having = [(number, agent) for number, agent in having if agent.runs]
    means = [thinned_over_runs(agent.runs, over) for _, agent in having]
    return Curves(name if group == "evaluation" else f"{group}/{name}", over, having, means)


def wanted(tasks: Sequence[Task], asked: Sequence[str], metric: str, known: Series) -> list[list[tuple[str, str]]]:
    """Return group and name of the curves that are ``asked`` for, of each task those that it has.

    Raises UsageError for one that no task has.
    """
    places = [
        {
            name if group == "evaluation" else f"{group}/{name}": (group, name)
            for group in KINDS
            for name in names_of(task, group, metric, known)
        }
        for task in tasks
    ]
    every = sorted(set().union(*places))
    for name in asked:
        if name not in every:
            raise UsageError(
                f"these runs have no curve {name!r}.", meant(name, every, f"They have {', '.join(every)}.")
            )
    return [[of_task[name] for name in asked if name in of_task] for of_task in places]


def write_csv(path: Path, tasks: Sequence[Task], metric: str) -> None:
    """Write a line for each point of each curve of each agent. Raises CoralError when the file cannot be written."""
    known = series_of(tasks)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for task in tasks:
            for group in KINDS:
                for name in names_of(task, group, metric, known):
                    for over in get_args(Over):
                        lines.writerows(_lines(task.name, curves(task, group, name, over, known)))


def _lines(task: str, drawn: Curves) -> Iterator[Sequence[object]]:
    for (_, agent), curve in zip(drawn.agents, drawn.means, strict=True):
        columns = (curve.along(drawn.over).tolist(), curve.iqm.tolist(), curve.low.tolist(), curve.high.tolist())
        for at, *numbers in zip(*columns, strict=True):
            if numbers[0] == numbers[0]:  # known
                shown = ["" if number != number else number for number in numbers]
                yield (task, agent.name, drawn.name, drawn.over, at, len(agent.runs), *shown)
