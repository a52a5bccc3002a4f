"""How commands show their help, in which no name is ever cut off."""

from __future__ import annotations

import inspect
import textwrap

from rich.text import Text

from coral_cli.assembly.sheet import Row, Sheet
from coral_cli.registry.console import Terminal

_TIED = "\u00a0"
"""Stands for a space where no line may end."""
_INDENT = 2
_COLUMN = 32
"""Explanations start in this column. A longer name has its explanation below it."""
_NARROW = 60
"""On a terminal narrower than this, every explanation stands below its name."""


def print_sheet(sheet: Sheet) -> None:
    """Print a help in the width of the terminal."""
    console = Terminal()
    lines = [Text.assemble("Usage: ", (sheet.path, "bold"), f" {sheet.usage}"), *_paragraphs(sheet.text, console.width)]
    for title, rows in sheet.groups.items():
        lines += [Text(), Text(title, "bold cyan")]
        for row in rows:
            lines += _row(_name(row), _explanation(row), console.width)
    console.print(Text("\n").join(lines), soft_wrap=True)  # at once: each print takes long


def _name(row: Row) -> Text:
    metavar = f" {row.metavar}" if row.metavar else ""
    return Text.assemble((row.name, "yellow" if row.argument else "green"), (metavar, "yellow"))


def _explanation(row: Row) -> str:
    return f"{row.text} [default:{_TIED}{row.default}]" if row.default else row.text


def _row(name: Text, explanation: str, width: int) -> list[Text]:
    column = _COLUMN if width >= _NARROW else 3 * _INDENT
    line = Text(" " * _INDENT) + name
    rest = _lines(explanation, width - column)
    if rest and line.cell_len + _INDENT <= column:
        line.append(" " * (column - line.cell_len) + rest.pop(0))
    return [line, *(Text(" " * column + other) for other in rest)]


def _paragraphs(text: str, width: int) -> list[Text]:
    paragraphs = filter(None, inspect.cleandoc(text).split("\n\n"))
    return [line for paragraph in paragraphs for line in (Text(), *map(Text, _lines(paragraph, width)))]


def _lines(text: str, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` columns, or of one longer word, and at no no-break space."""
    lines = textwrap.wrap(text, max(width, 12), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_TIED, " ") for line in lines]
