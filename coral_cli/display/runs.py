"""Runs among others, as a table: on any width, and as text for pipes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.text import Text

from coral_cli.display.numbers import count, number, size
from coral_cli.display.tables import Cell, print_table
from coral_cli.registry.options import Json
from coral_cli.registry.terminal import visible
from coral_cli.runs.overview import Overview

STYLES = {"training": "green", "stopped": "yellow", "failed": "red", "damaged": "red", "done": "dim"}
NUMERIC = ("seed", "steps", "last", "best", "age", "disk")
SPARED = ("steps", "best", "task", "method", "seed", "distraction", "last", "age", "size", "disk")
"""The columns that a narrow terminal may do without; those that come first stay rather."""
UNKNOWN = "-"


@dataclass(frozen=True)
class Listed:
    """A run with what it is called in the list, and the names of its method and size, where it has such."""

    run: Overview
    name: str
    method: str | None = None
    size: str | None = None

    @property
    def task(self) -> str:
        """The environment."""
        return str(self.run.flags.get("env", UNKNOWN))

    @property
    def distraction(self) -> str:
        """The distractions in their order."""
        return ", ".join(self.run.flags.get("distraction", ())) or UNKNOWN

    @property
    def agent(self) -> str:
        """The method; of an agent that has none with a name, its losses."""
        losses = [str(part) for slot, part in self.run.flags.items() if slot.endswith("-loss") and "." not in slot]
        return self.method or "+".join(losses) or str(self.run.flags.get("policy", UNKNOWN))

    def cells(self, now: datetime) -> dict[str, Cell]:
        """Return the run's row: texts by column."""
        run, standing = self.run, self.run.standing
        cells: dict[str, Cell] = {
            "name": one_line(self.name),
            "state": Text(run.state, STYLES[run.state]),
            "task": one_line(self.task),
            "distraction": one_line(self.distraction),
            "method": one_line(self.agent),
            "size": self.size or UNKNOWN,
            "seed": str(run.flags.get("seed", UNKNOWN)),
            "steps": _steps(run),
            "last": number(standing.last if standing else None),
            "best": number(standing.best if standing else None),
            "age": age((now - run.started).total_seconds()) if run.started else UNKNOWN,
            "disk": size(run.space),
        }
        return cells if standing else {**dict.fromkeys(cells, UNKNOWN), **_damaged(cells)}


def print_runs(console: Console, listed: Sequence[Listed], now: datetime) -> list[str]:
    """Print a row for each run; return the columns that the terminal has no room for. What no run has is no column.

    Where there is no room even for names and states, each cell has a line of its own, and none is left out.
    """
    rows = [run.cells(now) for run in listed]
    columns = [name for name in rows[0] if any(str(row[name]) != UNKNOWN for row in rows)]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in columns}
    kept = {name for name in columns if name not in SPARED}
    fits = sum(widths[name] + 2 for name in kept) - 2 <= console.width
    for name in SPARED:
        together = sum(widths[other] + 2 for other in {*kept, name} & widths.keys()) - 2
        if not console.is_terminal or not fits or together <= console.width:
            kept.add(name)
    left_out = [name for name in columns if name not in kept]
    columns = [name for name in columns if name in kept]
    numeric = [index for index, name in enumerate(columns) if name in NUMERIC]
    print_table(console, columns, [[row[name] for name in columns] for row in rows], numeric)
    return left_out


def document(listed: Listed) -> dict[str, Json]:
    """Return a run for ``--json``."""
    run, standing = listed.run, listed.run.standing
    known = standing is not None
    newest = standing.newest if standing else None
    return {
        "name": listed.name,
        "state": run.state,
        "error": run.damage.message if run.damage else None,
        "task": run.flags.get("env"),
        "distraction": run.flags.get("distraction"),
        "method": listed.method,
        "size": listed.size,
        "seed": run.flags.get("seed"),
        "unit": ("updates" if "data" in run.metadata else "steps") if known else None,
        "steps": standing.step if standing else None,
        "budget": run.budget,
        "last_return": standing.last if standing else None,
        "best_return": standing.best if standing else None,
        "started": run.started.isoformat() if run.started else None,
        "last_event": newest.time if newest else None,
        "training_seconds": newest.seconds if newest else None,
        "disk_bytes": run.space,
    }


def age(seconds: float) -> str:
    """Write how long ago something was, in one unit: ``40 s``, ``12 min``, ``5 h``, ``3 d``."""
    for unit, length, longest in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < longest:
            return f"{max(0, seconds) // length:.0f} {unit}"
    return f"{count(int(seconds // 86400))} d"


def one_line(text: str) -> str:
    """Return text of one line, in which every letter takes room: names of files may hold anything."""
    return visible(re.sub(r"\s", " ", text))


def _steps(run: Overview) -> str:
    """Return the steps, of those that it is to do; the last episode may go beyond, which is no more of them."""
    if run.standing is None or run.budget is None:
        return count(run.standing.step) if run.standing else UNKNOWN
    return f"{count(min(run.standing.step, run.budget))}/{count(run.budget)}"


def _damaged(cells: dict[str, Cell]) -> dict[str, Cell]:
    return {name: cells[name] for name in ("name", "state", "disk")}
