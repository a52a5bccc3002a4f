"""Curves over environment steps, drawn with matplotlib, which is installed apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coral_cli.registry.errors import CoralError
from coral_cli.report.grouping import Task
from coral_cli.report.published import reached
from coral_cli.report.statistics import over_runs
from coral_cli.runs.files import replacing

COLUMNS = 3
WIDTH, HEIGHT = 5.2, 3.6
"""The size of one task's picture, in inches."""


def save(tasks: Sequence[Task], metric: str, path: Path) -> None:
    """Draw all tasks in one picture. Raises CoralError without matplotlib, or when it cannot be written."""
    figure = _figure(tasks, metric)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:].lower(), dpi=150)


def _figure(tasks: Sequence[Task], metric: str) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CoralError("pictures need matplotlib, which is not installed.", "pip install matplotlib") from error
    columns = min(len(tasks), COLUMNS)
    rows = -(-len(tasks) // columns)
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, task in zip(panels, tasks, strict=False):
        _draw(axes, task, metric)
    for axes in panels[len(tasks) :]:
        axes.axis("off")
    return figure


def _literal(text: str) -> str:
    """Return a text for matplotlib, to which dollars are the marks of a formula."""
    return text.replace("$", r"\$")


def _draw(axes: Any, task: Task, metric: str) -> None:
    """Draw interquartile means with intervals as far as all runs of an agent went; thin, each run; stars, the paper."""
    stars: str | None = "the paper's"
    for agent in task.agents:
        curve = over_runs(agent.runs)
        (line,) = axes.plot(
            curve.steps, curve.iqm, marker="o", markersize=3, label=_literal(f"{agent.name} ({len(agent.runs)})")
        )
        axes.fill_between(curve.steps, curve.low, curve.high, alpha=0.2, color=line.get_color(), linewidth=0)
        for run in agent.runs:
            axes.plot(run.steps, run.values, linewidth=0.6, alpha=0.5, color=line.get_color())
        known = reached(agent, metric)
        if known:
            axes.plot(list(known), list(known.values()), "*", markersize=9, color=line.get_color(), label=stars)
            stars = None  # one line of the legend is enough
    axes.set(title=_literal(task.name), xlabel="environment steps", ylabel=_literal(metric), xlim=(0, None))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(alpha=0.2)
    axes.legend(fontsize=7)
