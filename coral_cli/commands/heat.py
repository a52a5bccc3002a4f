"""Heat maps in a terminal: numbers with intervals, on colours where there are any."""

from __future__ import annotations

from collections.abc import Callable

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
    estimates = [one for square in squares for one in (square.value, square.relative) if one]
    lines = []
    if any(one.low is not None for one in estimates):
        lines.append("[95 % interval over seeds]")
    if any(square.worse for square in squares):
        lines.append(f"{WORSE} {heat.worse}: the reference lies outside the interval")
    if heat.unfinished:
        runs = f"{count(heat.unfinished)} of {count(sum(square.runs for square in squares))} runs"
        lines.append(f"{runs} {'is' if heat.unfinished == 1 else 'are'} not finished: their squares have no value")
    if any(square.value and not (square.relative or square.is_reference) for square in squares):
        lines.append("no ratio: the reference is not finished, is 0, or a return is negative")
    return lines


def text_of(square: Square) -> str:
    """Write a square: how it relates to the reference; of the reference itself, and without a ratio, its value."""
    if square.value is None:
        return f"{square.finished} of {square.runs} done"
    if square.relative is not None:
        return f"{_said(square.relative, '{:.2f}'.format)}{WORSE if square.worse else ''}"
    unit = f" {square.unit}" if square.unit else ""
    return f"{_said(square.value, number)}{unit}{'' if square.is_reference else ', no ratio'}"


def _said(estimate: Estimate, write: Callable[[float], str]) -> str:
    ends = "" if estimate.low is None or estimate.high is None else f" [{write(estimate.low)}, {write(estimate.high)}]"
    return f"{write(estimate.value)}{ends}"


def _cell(heat: HeatMap, row: str, column: str) -> Cell:
    square = heat.squares.get((row, column))
    if square is None:
        return ""
    if square.value is None:
        return Text(text_of(square), "dim")
    return Text(text_of(square), f"black on {square.shade}" if square.shade else "")


def _steps(heat: HeatMap, row: str, counted: bool) -> list[str]:
    steps = [square.steps for (of, _), square in heat.squares.items() if of == row]
    return [count(max(steps))] if counted and steps else [""] if counted else []
