"""Heat maps, and curves beside them, drawn with matplotlib, which is installed apart."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coral_cli.registry.errors import CoralError
from coral_cli.report.relative import HeatMap, Square
from coral_cli.report.statistics import values_at
from coral_cli.runs.files import replacing

CELL, ROW, MARGIN = 1.5, 0.5, 1.8
"""The size of a square and the room around all of them, in inches."""
PANEL = (5.2, 3.6)
"""The size of a panel of curves, in inches."""
ACROSS = 2
"""So many panels of curves stand beside one another at most."""
LETTER = 0.1
"""The width of a letter of a title, in inches."""
POINTS = 200
UNKNOWN = "#eeeeee"
"""The colour of what is not finished."""


@dataclass(frozen=True)
class Line:
    """The curves of several seeds, which begin after ``before`` steps that were spent on their source."""

    name: str
    before: int
    curves: Sequence[tuple[Sequence[int], Sequence[float]]]


@dataclass(frozen=True)
class Curves:
    """Lines on one axis; the first one is what the others are held against."""

    title: str
    lines: Sequence[Line]


def save(
    maps: Sequence[HeatMap],
    curves: Sequence[Curves],
    path: Path,
    text_of: Callable[[Square], str],
    legend: Callable[[HeatMap], Sequence[str]],
) -> None:
    """Draw heat maps below one another, and curves to their right.

    ``text_of`` says what stands in a square, ``legend`` what stands below a map.

    Raises CoralError without matplotlib, or when the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CoralError("pictures need matplotlib, which is not installed.", "pip install matplotlib") from error
    columns = max((len(heat.columns) for heat in maps), default=1)
    wide = MARGIN + 0.8 + CELL * columns
    heights = [MARGIN + ROW * len(heat.rows) for heat in maps]
    across, down = min(len(curves), ACROSS), -(-len(curves) // ACROSS)
    right = PANEL[0] * across
    figure = Figure(figsize=(wide + right, max(sum(heights), PANEL[1] * down)), layout="constrained")
    parts: Any = figure.subfigures(1, 2, width_ratios=(wide, right)) if curves else [figure]
    squares = parts[0].subplots(len(maps), 1, squeeze=False, height_ratios=heights)
    for axes, heat in zip(squares.flat, maps, strict=True):
        _draw_heat(axes, heat, text_of, legend(heat), int((wide - MARGIN) / LETTER))
    if curves:
        panels = list(parts[1].subplots(down, across, squeeze=False).flat)
        for axes, one in zip(panels, curves, strict=False):
            _draw_curves(axes, one)
        for axes in panels[len(curves) :]:
            axes.remove()
    with replacing(path) as partial_file:
        figure.savefig(partial_file, format=path.suffix[1:].lower(), dpi=150)


def _draw_heat(axes: Any, heat: HeatMap, text_of: Callable[[Square], str], below: Sequence[str], letters: int) -> None:
    """Draw squares with their numbers, grey where not finished, under a title of at most ``letters`` a line."""
    from matplotlib.patches import Rectangle

    for row, name in enumerate(heat.rows):
        for column, other in enumerate(heat.columns):
            square = heat.squares.get((name, other))
            if square is None:
                continue
            face = square.shade or ("white" if square.done else UNKNOWN)
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor=face, edgecolor="#cccccc", hatch="" if square.done else "//")
            )
            said = "\n".join(textwrap.wrap(text_of(square).replace(" [", "\n["), 22, replace_whitespace=False))
            axes.text(column + 0.5, row + 0.5, _literal(said), ha="center", va="center", fontsize=8, color="black")
    axes.set(xlim=(0, len(heat.columns)), ylim=(len(heat.rows), 0))
    axes.text(0, -0.02, _literal("\n".join(below)), transform=axes.transAxes, va="top", fontsize=7, color="#555555")
    axes.set_xticks(np.arange(len(heat.columns)) + 0.5, [_literal(name) for name in heat.columns])
    axes.set_yticks(np.arange(len(heat.rows)) + 0.5, [_literal(name) for name in heat.rows])
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    for side in axes.spines.values():
        side.set_visible(False)
    title = [line for part in (heat.title, heat.measure) for line in textwrap.wrap(part, letters)]
    axes.set_title(_literal("\n".join(title)), fontsize=10)


def _draw_curves(axes: Any, curves: Curves) -> None:
    """Draw means over seeds; the first line is black, and others begin where their sources' steps end."""
    for index, line in enumerate(curves.lines):
        if not line.curves:
            continue
        low = max(steps[0] for steps, _ in line.curves)
        high = min(steps[-1] for steps, _ in line.curves)
        at = np.linspace(low, max(high, low), POINTS).round().astype(np.int64)
        mean = values_at(at, line.curves).mean(0)
        style = {"color": "black", "linewidth": 2} if not index else {"color": f"C{(index - 1) % 10}", "linewidth": 1}
        axes.plot(at + line.before, mean, label=_literal(line.name), **style)
    axes.set(title=_literal(curves.title), xlabel="environment steps, those of the source included", ylabel="return")
    axes.set_xlim(0, None)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(alpha=0.2)
    if axes.lines:
        axes.legend(fontsize=6)
    else:
        axes.text(0.5, 0.5, "no run is finished", ha="center", va="center", transform=axes.transAxes)


def _literal(text: str) -> str:
    """Return a text for matplotlib, to which dollars are the marks of a formula."""
    return text.replace("$", r"\$")
