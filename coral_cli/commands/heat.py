"""Heat maps in a terminal: numbers with intervals, on colours where there are any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from coral_cli.display.numbers import count, number
from coral_cli.display.tables import Cell, print_table
from coral_cli.report.estimates import Estimate
from coral_cli.report.relative import HeatMap, Square

WORSE = "!"
"""The mark of what is worse with its whole interval."""
UNMEASURED = "not measured"
NOTHING = "-"
"""What stands where latents were looked into and nothing was there to be found."""
STEPS = "steps"
INTERVAL = " ["
"""What an interval begins with, behind its value."""


def print_heat(console: Console, heat: HeatMap) -> None:
    """Print a heat map, with what its marks mean and how much of it is not finished.

    Where a terminal has no room for squares of one line, the intervals stand below the values.
    """
    console.print(
        f"{heat.title}: {heat.measure}" if heat.title else heat.measure, style="bold", soft_wrap=not console.is_terminal
    )
    counted = len({square.steps for square in heat.squares.values()}) > 1
    columns = [heat.row_name, *heat.columns, *([STEPS] if counted else [])]
    rows: list[list[Cell]] = []
    for row in heat.rows:
        squares = [heat.squares.get((row, column)) for column in heat.columns]
        steps = count(max(square.steps for square in squares if square)) if counted else ""
        rows.append([row, *map(_cell, squares), *([steps] if counted else [])])
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    if console.is_terminal and sum(widths) + 2 * (len(widths) - 1) > console.width:
        rows = [line for row in rows for line in _two_lines(row)]
    print_table(console, columns, rows, [len(columns) - 1] if counted else [])
    for line in legend(heat):
        console.print(line, style="dim", soft_wrap=not console.is_terminal)


def _two_lines(row: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Return a row's values and, below them, their intervals, on the same colours."""
    parts = [(cell, *str(cell).partition(INTERVAL)) for cell in row]
    values = [_like(cell, value) for cell, value, _, _ in parts]
    width = [max(len(value), len(rest) + 1) for _, value, _, rest in parts]
    below = [_like(cell, f"[{rest}" if mark else "") for cell, _, mark, rest in parts]
    return _padded(values, width), _padded(below, width)


def _like(cell: Cell, text: str) -> Cell:
    return Text(text, cell.style) if isinstance(cell, Text) else text


def _padded(cells: Sequence[Cell], widths: Sequence[int]) -> list[Cell]:
    """Return coloured cells with the colour all over their width."""
    return [
        _like(cell, str(cell).ljust(width)) if isinstance(cell, Text) else cell
        for cell, width in zip(cells, widths, strict=True)
    ]


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
        runs = f"{count(heat.unfinished)} of {count(heat.runs)} runs"
        lines.append(f"{runs} {'is' if heat.unfinished == 1 else 'are'} not finished: their squares have no value")
    if any(square.unmeasured for square in squares):
        lines.append(f"{UNMEASURED}: its runs are done, with too few evaluations or updates for a value")
    shares = [square for square in squares if square.probed is not None]
    if shares:
        lines.append(
            "mean over quantities of the share of variance that a linear reader finds (R2): 1 is all, 0 nothing"
        )
    if any(text_of(square) == NOTHING for square in shares):
        lines.append(f"{NOTHING} nothing to tell: no quantity varies")
    if any(square.finished == square.runs and not square.done for square in shares):
        lines.append("what is not probed has no value")
    if any(square.unrelated for square in squares):
        lines.append("no ratio: the reference is not finished, is 0, or a return is negative")
    return lines


def text_of(square: Square) -> str:
    """Write a square: how it relates to the reference; of the reference itself, and without a ratio, its value."""
    if square.unmeasured:
        return UNMEASURED
    if square.value is None:
        if square.done:
            return NOTHING
        probing = square.finished == square.runs
        return f"{square.probed if probing else square.finished} of {square.runs} {'probed' if probing else 'done'}"
    if square.probed is not None:
        return _said(square.value, _two_decimals)
    if square.relative is not None:
        return f"{_said(square.relative, _two_decimals)}{WORSE if square.worse else ''}"
    unit = f" {square.unit}" if square.unit else ""
    return f"{_said(square.value, number)}{unit}{', no ratio' if square.unrelated else ''}"


def _two_decimals(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


def _said(estimate: Estimate, write: Callable[[float], str]) -> str:
    ends = "" if estimate.low is None or estimate.high is None else f" [{write(estimate.low)}, {write(estimate.high)}]"
    return f"{write(estimate.value)}{ends}"


def _cell(square: Square | None) -> Cell:
    if square is None:
        return ""
    if square.value is None:
        return Text(text_of(square), "dim")
    return Text(text_of(square), f"black on {square.shade}" if square.shade else "")
