"""Curves over environment steps, and profiles, drawn with matplotlib, which is installed apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from coral_cli.registry.errors import CoralError
from coral_cli.report.comparison import Comparison
from coral_cli.report.grouping import Task
from coral_cli.report.published import reached
from coral_cli.report.statistics import over_runs
from coral_cli.runs.files import replacing

COLUMNS = 3
WIDTH, HEIGHT = 5.2, 3.6
"""The size of one panel, in inches."""

Compared: TypeAlias = tuple[Task, Comparison | None]


def save(tasks: Sequence[Compared], metric: str, path: Path) -> None:
    """Draw the curves of all tasks in one picture, and profiles where there is a comparison.

    Raises CoralError without matplotlib, or when it cannot be written.
    """
    figure = _figure(tasks, metric)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:].lower(), dpi=150)


def _figure(tasks: Sequence[Compared], metric: str) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CoralError("pictures need matplotlib, which is not installed.", "pip install matplotlib") from error
    drawing = [partial(_draw, task=task, metric=metric) for task, _ in tasks]
    drawing += [partial(_draw_profiles, task=task, compared=known, metric=metric) for task, known in tasks if known]
    columns = min(len(drawing), COLUMNS)
    rows = -(-len(drawing) // columns)
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, draw in zip(panels, drawing, strict=False):
        draw(axes)
    for axes in panels[len(drawing) :]:
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


def _draw_profiles(axes: Any, task: Task, compared: Comparison, metric: str) -> None:
    """Draw which share of an agent's runs is above each value, in the colours of its curves."""
    for agent, known in zip(compared.agents, compared.profiles(), strict=True):
        colour = f"C{task.agents.index(agent) % 10}"
        axes.plot(known.thresholds, known.share, color=colour, label=_literal(agent.name))
        axes.fill_between(known.thresholds, known.low, known.high, alpha=0.2, color=colour, linewidth=0)
    title = f"{task.name}, after {compared.step:,} steps"
    axes.set(title=_literal(title), xlabel=_literal(metric), ylabel="share of runs above", ylim=(-0.02, 1.02))
    axes.grid(alpha=0.2)
    axes.legend(fontsize=7)
