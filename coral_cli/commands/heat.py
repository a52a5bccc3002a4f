"""Heat maps in a terminal: numbers with intervals, on colours where there are any."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from coral_cli.display.numbers import count, number
from coral_cli.display.tables import Cell, print_table
from coral_cli.report.estimates import Estimate
from coral_cli.report.relative import HeatMap, Square

WORSE = "!"
"""The mark of what is worse with its whole interval."""
STEPS = "steps"


def print_heat(console: Console, heat: HeatMap) -> None:
    """Print a heat map, with what its marks mean and how much of it is not finished."""
    console.print(f"{heat.title}: {heat.measure}" if heat.title else heat.measure, style="bold", soft_wrap=True)
    counted = len({square.steps for square in heat.squares.values()}) > 1
    rows = [
        [row, *(_cell(heat, row, column) for column in heat.columns), *_steps(heat, row, counted)] for row in heat.rows
    ]
    columns = [heat.row_name, *heat.columns, *([STEPS] if counted else [])]
    print_table(console, columns, rows, [len(columns) - 1] if counted else [])
    for line in legend(heat):
        console.print(line, style="dim", soft_wrap=True)


def legend(heat: HeatMap) -> list[str]:
    """Say what the marks of a heat map mean, and how many runs are not finished."""
    squares = list(heat.squares.values())
    known = [square for square in squares if square.relative or square.value]
    lines = []
    if any(one.low is not None for square in known for one in (square.value, square.relative) if one):
        lines.append("[95 % interval over seeds]")
    if any(square.worse for square in squares):
        lines.append(f"{WORSE} worse: the whole interval is")
    if heat.unfinished:
        of = sum(square.runs for square in squares)
        lines.append(f"{count(heat.unfinished)} of {count(of)} runs are not finished: nothing is told of their squares")
    if any(square.runs == square.finished and not (square.relative or square.is_reference) for square in squares):
        lines.append("no ratio: the reference is not finished, is 0, or a return is negative")
    return lines


def text_of(square: Square) -> str:
    """Write a square: how it relates to the reference; values where it is that, costs something, or has no ratio."""
    if square.finished < square.runs or square.value is None:
        return f"{square.finished} of {square.runs} done"
    if square.unit or square.is_reference:
        unit = f" {square.unit}" if square.unit else ""
        ratio = f" ({square.relative.value:.2f}{_mark(square)})" if square.relative else ""
        return f"{_said(square.value, number)}{unit}{ratio}"
    if square.relative is None:
        return f"{_said(square.value, number)}, no ratio"
    return f"{_said(square.relative, '{:.2f}'.format)}{_mark(square)}"


def _mark(square: Square) -> str:
    return WORSE if square.worse else ""


def _said(estimate: Estimate, form: object) -> str:
    write = form if callable(form) else str
    ends = "" if estimate.low is None else f" [{write(estimate.low)}, {write(estimate.high)}]"
    return f"{write(estimate.value)}{ends}"


def _cell(heat: HeatMap, row: str, column: str) -> Cell:
    square = heat.squares.get((row, column))
    if square is None:
        return ""
    if square.finished < square.runs:
        return Text(text_of(square), "dim")
    return Text(text_of(square), f"black on {square.shade}" if square.shade else "")


def _steps(heat: HeatMap, row: str, counted: bool) -> list[str]:
    steps = [square.steps for (of, _), square in heat.squares.items() if of == row]
    return [count(max(steps))] if counted and steps else [""] if counted else []
