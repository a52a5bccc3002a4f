"""Several curves on one pair of axes, made of letters: it reads the same without colours and in a pipe."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from coral_cli.display.numbers import count, number

MARKS = string.ascii_lowercase
"""The letters of the curves, in their order."""
SEVERAL = "*"
"""Stands where several curves are."""
STYLES = ("cyan", "magenta", "yellow", "green", "blue", "red")
LEAST = 10
"""The fewest columns that a curve is drawn in."""


@dataclass(frozen=True)
class Line:
    """A curve: where it begins and ends, its lowest and highest value, and that at any place between."""

    start: float
    end: float
    low: float
    high: float
    at: Callable[[float], float | None]


def style_of(index: int) -> str:
    """Return the colour of a curve."""
    return STYLES[index % len(STYLES)]


def plot(lines: Sequence[Line | None], width: int, height: int, unit: str, ascii_only: bool) -> list[Text]:
    """Draw curves from 0 to the end of the longest, ``width`` columns and ``height`` rows in all; None is no curve.

    Nothing is drawn where no curve has a value, or in fewer than 10 columns.
    """
    drawn = [line for line in lines if line]
    if not drawn:
        return []
    rows, right = max(height - 2, 3), max(line.end for line in drawn)
    low, high = _range(drawn)
    middle = rows // 2
    ticks = {0: number(high), middle: number(high - (high - low) * middle / (rows - 1)), rows - 1: number(low)}
    label = max(map(len, ticks.values()))
    room = width - label - 2
    if room < LEAST:
        return []
    cells: list[list[int | None]] = [[None] * room for _ in range(rows)]
    for index, line in enumerate(lines):
        values = _values(line, room, right) if line else []
        for row, column in _cells(values, low, high, rows):
            cells[row][column] = index if cells[row][column] in (None, index) else -1
    upright, corner, along = ("|", "+", "-") if ascii_only else ("│", "└", "─")
    body = [_row(ticks.get(row, "").rjust(label) + f" {upright}", cells[row]) for row in range(rows)]
    last = count(round(right))
    end = next((text for text in (f"{last} {unit}", last) if len(text) < room - 1), "")
    return [
        *body,
        Text(" " * (label + 1) + corner + along * room, "dim"),
        Text(" " * (label + 2) + "0" + end.rjust(room - 1), "dim"),
    ]


def _values(line: Line, columns: int, right: float) -> list[float | None]:
    """Return the curve's values in columns from 0 to ``right``; one that is shorter than a column has one place."""
    step = right / (columns - 1) if right else 1.0
    values = [line.at(column * step) for column in range(columns)]
    values[round(line.start / step)] = line.at(line.start)
    values[round(line.end / step)] = line.at(line.end)
    return values


def _range(lines: Sequence[Line]) -> tuple[float, float]:
    low, high = min(line.low for line in lines), max(line.high for line in lines)
    around = abs(low) or 1.0
    return (low, high) if high > low else (low - around, high + around)


def _cells(values: Sequence[float | None], low: float, high: float, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the rows and columns that a curve goes through, without gaps where it is steep."""
    before: int | None = None
    for column, value in enumerate(values):
        if value is None:
            before = None
            continue
        row = round((high - value) / (high - low) * (rows - 1))
        if before is None or before == row:
            yield row, column
        else:
            towards = 1 if before < row else -1
            for between in range(before + towards, row + towards, towards):
                yield between, column
        before = row


def _row(label: str, cells: Sequence[int | None]) -> Text:
    line = Text.assemble((label, "dim"))
    for cell in cells:
        if cell is None:
            line.append(" ")
        else:
            line.append(SEVERAL if cell < 0 else MARKS[cell], "bold" if cell < 0 else style_of(cell))
    line.rstrip()
    return line
