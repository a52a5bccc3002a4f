"""Curves and profiles, drawn with matplotlib, which is installed apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from coral_cli.registry.errors import CoralError
from coral_cli.report.chart import scale_of
from coral_cli.report.comparison import Comparison
from coral_cli.report.curves import Curves, curves, series_of, wanted
from coral_cli.report.grouping import Task
from coral_cli.report.published import reached
from coral_cli.report.reading import Over
from coral_cli.runs.files import replacing

COLUMNS = 3
WIDTH, HEIGHT = 5.2, 3.6
"""The size of one panel, in inches."""

Compared: TypeAlias = tuple[Task, Comparison | None]


def save(tasks: Sequence[Compared], metric: str, path: Path, names: Sequence[str] = (), over: Over = "steps") -> None:
    """Draw curves of all tasks in one picture, and profiles where there is a comparison.

    The curves are those of the metric, or ``names``: ``success``, ``loss/image``. Raises CoralError without matplotlib,
    or when it cannot be written, UsageError for a name that no run has, UnreadableError for damaged metrics.
    """
    figure = _figure(tasks, metric, names or (metric,), over)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:].lower(), dpi=150)


def _figure(tasks: Sequence[Compared], metric: str, names: Sequence[str], over: Over) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CoralError("pictures need matplotlib, which is not installed.", "pip install matplotlib") from error
    every = [task for task, _ in tasks]
    known = series_of(every)
    drawing = [
        partial(_draw, task=task, drawn=curves(task, *place, over, known), metric=metric)
        for task, places in zip(every, wanted(every, names, metric, known), strict=True)
        for place in places
    ]
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


def _draw(axes: Any, task: Task, drawn: Curves, metric: str) -> None:
    """Draw interquartile means with intervals as far as all runs of an agent went; thin, each run; stars, the paper."""
    stars: str | None = "the paper's"
    scale = scale_of(drawn.over, max(run.along(drawn.over)[-1] for _, agent in drawn.agents for run in agent.runs))
    for (number, agent), curve in zip(drawn.agents, drawn.means, strict=True):
        places, colour = curve.along(drawn.over) / scale.size, f"C{number % 10}"
        name = _literal(f"{agent.name} ({len(agent.runs)})")
        axes.plot(places, curve.iqm, marker="o", markersize=3, label=name, color=colour)
        axes.fill_between(places, curve.low, curve.high, alpha=0.2, color=colour, linewidth=0)
        for run in agent.runs:
            at = [place / scale.size for place in run.along(drawn.over)]
            axes.plot(at, run.values, linewidth=0.6, alpha=0.5, color=colour)
        known = reached(agent, metric) if (drawn.name, drawn.over) == (metric, "steps") else {}
        if known:
            axes.plot(list(known), list(known.values()), "*", markersize=9, color=colour, label=stars)
            stars = None  # one line of the legend is enough
    axes.set(title=_literal(task.name), xlabel=scale.across, ylabel=_literal(drawn.name), xlim=(0, None))
    axes.locator_params("x", nbins=5)  # as many numbers as fit beside one another
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.grid(alpha=0.2)
    axes.legend(fontsize=7)


def _draw_profiles(axes: Any, task: Task, compared: Comparison, metric: str) -> None:
    """Draw which share of an agent's runs is above each value, in the colours of its curves."""
    for agent, known in zip(compared.agents, compared.profiles, strict=True):
        colour = f"C{task.agents.index(agent) % 10}"
        axes.plot(known.thresholds, known.share, color=colour, label=_literal(agent.name))
        axes.fill_between(known.thresholds, known.low, known.high, alpha=0.2, color=colour, linewidth=0)
    title = f"{task.name}, after {compared.step:,} steps"
    axes.set(title=_literal(title), xlabel=_literal(metric), ylabel="share of runs above", ylim=(-0.02, 1.02))
    axes.grid(alpha=0.2)
    axes.legend(fontsize=7)
