"""Tables for results, on any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coral_cli.display.numbers import count, number
from coral_cli.registry.options import Json

LABELS = {"return": "return", "success": "success rate", "length": "length"}
"""The metrics that every reader looks for, first and in this order."""

Cell: TypeAlias = str | Text
"""A text, or one with a colour that a terminal shows."""

LAST_COLUMN = 24
"""With fewer columns left, wrapping the last cell reads worse than one line per cell."""


def print_evaluation(console: Console, values: Mapping[str, Json]) -> None:
    """Print a line per metric, from an evaluation event's values (``episodes``, ``NAME/mean``, ``NAME/stderr``).

    ``return/max`` and ``return/min``, where present, are shown below.
    """
    names = [key.removesuffix("/mean") for key in values if key.endswith("/mean")]
    names = [name for name in LABELS if name in names] + [name for name in names if name not in LABELS]
    rows = [
        (
            LABELS.get(name, name),
            number(values[f"{name}/mean"]),
            number(values.get(f"{name}/stderr")),
            count(values["episodes"]),
        )
        for name in names
    ]
    print_table(console, ("metric", "mean", "standard error", "n"), rows, numeric=(1, 2, 3))
    if "return/max" in values and "return/min" in values:
        best, worst = number(values["return/max"]), number(values["return/min"])
        console.print(f"best return {best}, worst {worst}", highlight=False)


def print_losses(console: Console, here: Mapping[str, float], training: Mapping[str, float]) -> None:
    """Print a line per loss and metric of a representation: on the episodes evaluated and, where known, in training."""
    columns = ("loss", "these episodes", *(("in training",) if training else ()))
    rows = [
        (name.split("/", 1)[1], number(value), *((number(training.get(name)),) if training else ()))
        for name, value in here.items()
    ]
    print_table(console, columns, rows, numeric=(1, 2)[: len(columns) - 1])


def print_table(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[Cell]], numeric: Sequence[int] = ()
) -> None:
    """Print a table without lines, which pipes well. ``numeric`` names the columns to align right.

    On a narrow terminal the last column wraps, and when even that is too narrow each cell gets a line of its
    own. In a pipe nothing is wrapped.
    """
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    alone = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if not console.is_terminal:
        for row in (columns, *rows):
            _print_aligned(console, row, widths, numeric)
    elif alone + min(widths[-1], LAST_COLUMN) <= console.width:
        console.print(_table(columns, rows, numeric))
    else:
        _print_cells(console, columns, rows, min(max(map(len, columns)), console.width // 2))


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], numeric: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, column in enumerate(columns):
        wraps = index == len(columns) - 1
        table.add_column(column, justify="right" if index in numeric else "left", no_wrap=not wraps)
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _print_aligned(console: Console, row: Sequence[Cell], widths: Sequence[int], numeric: Sequence[int]) -> None:
    cells = [
        str(cell).rjust(width) if index in numeric else str(cell).ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    console.print(Text("  ".join(cells).rstrip()), soft_wrap=True)


def _print_cells(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Cell]], label: int) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", width=label)
    grid.add_column(overflow="fold")
    for index, row in enumerate(rows):
        if index:
            grid.add_row()
        for column, cell in zip(columns, row, strict=True):
            grid.add_row(column, _text(cell))
    console.print(grid)


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
