"""A sweep as a person sees it: its runs in a table, on a terminal kept up to date; lines in a pipe; or documents."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TextIO, TypeAlias

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from coral_cli.display.estimates import Range, span
from coral_cli.display.numbers import count, number
from coral_cli.display.selection import is_live
from coral_cli.registry.options import Json
from coral_cli.registry.terminal import say, sentence

RowState: TypeAlias = Literal["pending", "running", "done", "failed", "stopped"]
STYLES: dict[RowState, str] = {
    "pending": "dim",
    "running": "cyan",
    "done": "green",
    "failed": "bold red",
    "stopped": "yellow",
}
SHOWN: tuple[RowState, ...] = ("running", "failed", "stopped", "pending", "done")
"""The states whose runs are shown first where there is no room for all."""
INTERVAL = timedelta(seconds=60)
"""Time between lines on how far everything is, in a pipe."""
NAME, REASON, GAP = 16, 20, 2
"""Letters that a name, and why a run failed, have at least, and those between two columns."""


@dataclass
class Row:
    """What is known of one run; ``budget`` and ``step`` in environment steps, ``seconds`` of training."""

    name: str
    budget: int
    state: RowState = "pending"
    step: int = 0
    value: float | None = None
    """The mean return of its last evaluation, else of its last training episodes."""
    seconds: float = 0.0
    eta: Range | None = None
    reason: str = ""


class SweepDisplay(Protocol):
    """A display that is open as long as its ``with`` block."""

    def __enter__(self) -> SweepDisplay: ...

    def __exit__(self, *_: object) -> None: ...

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: Range | None, /) -> None:
        """Show the sweep; ``changed`` are the rows with another state than last time."""


def make_sweep_display(out: TextIO, err: Console, name: str, about: str, *, json: bool, quiet: bool) -> SweepDisplay:
    """Make what prints JSON lines on ``out``; else, on ``err``, a table on a terminal, or lines in a pipe."""
    if json:
        return JsonRows(out)
    if quiet:
        return QuietRows()
    return LiveTable(err, name, about) if is_live(err) else PlainRows(err, name, about)


class QuietRows:
    """A display that shows nothing."""

    def __enter__(self) -> SweepDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: Range | None) -> None:
        """Do nothing."""


class JsonRows(QuietRows):
    """A display that prints a document for every run whose state has changed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: Range | None) -> None:
        """Print them at once."""
        for row in changed:
            say(json.dumps({"kind": "run", **document(row)}), self._out)


class PlainRows(QuietRows):
    """A display that prints a line for every run whose state has changed, and now and then one on all of them."""

    def __init__(self, console: Console, name: str, about: str, now: Callable[[], datetime] = datetime.now) -> None:
        self._console, self._now, self._last = console, now, now()
        self._print(f"{name}: {about}")

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: Range | None) -> None:
        """Print what is due."""
        for row in changed:
            self._print(line(row))
        if changed or self._now() - self._last >= INTERVAL:
            self._last = self._now()
            going = [f"{row.name} {progress(row)} return {number(row.value)}" for row in rows if row.state == "running"]
            self._print("; ".join([tally(rows, eta), *going]))

    def _print(self, text: str) -> None:
        self._console.print(f"{self._now():%H:%M}  {text}", soft_wrap=True)


class LiveTable(QuietRows):
    """A display that keeps a table up to date, of as many runs as there is room for, and removes it in the end."""

    def __init__(self, console: Console, name: str, about: str) -> None:
        self._console, self._head, self._size = console, f"{name}  {about}", console.size
        self._live = Live(
            console=console, auto_refresh=False, vertical_overflow="crop", redirect_stdout=False, transient=True
        )

    def __enter__(self) -> SweepDisplay:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: Range | None) -> None:
        """Draw the table."""
        if self._console.size != self._size:  # lines drawn for another width have wrapped: start afresh
            self._size = self._console.size
            self._console.clear()
        self._live.update(screen(self._head, rows, eta, *self._size), refresh=True)


def screen(head: str, rows: Sequence[Row], eta: Range | None, width: int, height: int) -> Group:
    """Return what a terminal of this size shows: a heading, and the rows that there is room for."""
    room = height - 4  # without the heading, the columns' names and the cursor's line
    room = max(room if len(rows) <= room else room - 1, 1)
    shown = sorted(range(len(rows)), key=lambda index: (SHOWN.index(rows[index].state), index))[:room]
    hidden = [rows[index] for index in range(len(rows)) if index not in set(shown)]
    lines = [Text(head, "bold"), Text(tally(rows, eta))]
    for text in lines:
        text.no_wrap, text.overflow = True, "ellipsis"
    parts = [*lines, _table([rows[index] for index in sorted(shown)], width)] if height > 5 else lines[1:]
    if hidden and height > 5:
        parts.append(Text(f"and {len(hidden)} more: {_counted(hidden)}", "dim", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def _table(rows: Sequence[Row], width: int) -> Table:
    """Return the rows in as many columns as fit: the name and the state always, then steps, return, time, reason."""
    names = [row.name for row in rows]
    shortest = max(map(len, shortened(names, 0)), default=0)
    columns = {"state": [str(row.state) for row in rows]}
    others = {
        "steps": [progress(row) for row in rows],
        "return": [number(row.value) for row in rows],
        "eta": [_until(row) for row in rows],
    }
    needed = GAP + len("running")
    for title, texts in others.items():
        column = GAP + max(map(len, (title, *texts)))
        if (shortest if title == "eta" else NAME) + needed + column > width:  # how long all take stands above
            break
        columns[title] = texts
        needed += column
    names = shortened(names, max(width - needed, 1))
    room = min(max(map(len, names), default=0), max(width - needed, 1))
    why = any(row.reason for row in rows) and room + needed + GAP + REASON <= width
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    table.add_column("run", no_wrap=True, min_width=room)
    for title, texts in columns.items():
        right = title in ("steps", "return")
        table.add_column(
            title, justify="right" if right else "left", no_wrap=True, min_width=max(map(len, (title, *texts)))
        )
    if why:
        table.add_column("why", no_wrap=True, overflow="ellipsis")
    for row, name, *texts in zip(rows, names, *columns.values(), strict=True):
        cells = [Text(cut(name, room)), Text(texts[0], STYLES[row.state]), *map(Text, texts[1:])]
        table.add_row(*cells, *([Text(sentence(row.reason))] if why else []))
    return table


def shortened(names: Sequence[str], room: int) -> list[str]:
    """Leave out the words that all names begin with, if one of them has more letters than there is ``room`` for."""
    if max(map(len, names), default=0) <= room or len(names) < 2:
        return list(names)
    places = zip(*(name.split("-")[:-1] for name in names), strict=False)
    shared = sum(len(words[0]) + 1 for words in itertools.takewhile(lambda words: len(set(words)) == 1, places))
    return [f"…{name[shared - 1 :]}" for name in names] if shared > 2 else list(names)


def cut(name: str, room: int) -> str:
    """Shorten a name to ``room`` letters; its end, the seed, stays."""
    end = min(8, room - 1)
    return name if len(name) <= room else f"{name[: room - end - 1]}…{name[len(name) - end :]}"


def line(row: Row) -> str:
    """Write a run's state in a line."""
    parts = [f"{row.state} {row.name}"]
    if row.state != "pending" and (row.step or row.state == "done"):
        parts.append(f"steps {progress(row)}  return {number(row.value)}")
    return "  ".join([*parts, *([sentence(row.reason)] if row.reason else [])])


def progress(row: Row) -> str:
    """Write how far a run is: ``24,000/100,000``; of one that went further than is asked for now, only how far."""
    return count(row.step) if row.step > row.budget else f"{count(row.step)}/{count(row.budget)}"


def tally(rows: Sequence[Row], eta: Range | None) -> str:
    """Say how many runs are in which state, and how long all will take."""
    left = any(row.state in ("pending", "running") for row in rows)
    return "  ".join([f"{_counted(rows)} of {len(rows)}", *([f"eta {span(eta)}"] if eta and left else [])])


def document(row: Row) -> dict[str, Json]:
    """Return a row for ``--json``."""
    return {
        "name": row.name,
        "state": row.state,
        "step": row.step,
        "steps": row.budget,
        "return": row.value,
        "seconds": row.seconds,
        "reason": row.reason,
    }


def _counted(rows: Iterable[Row]) -> str:
    counts = Counter(row.state for row in rows)
    return ", ".join(f"{counts[state]} {state}" for state in STYLES if counts[state])


def _until(row: Row) -> str:
    return span(row.eta) if row.eta and row.state == "running" else ""
