"""``coral eval`` of several agents or conditions: the table, its document and its file."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from coral_cli.assembly.conditions import Condition
from coral_cli.commands.output import documents, print_json
from coral_cli.display.estimates import around, span
from coral_cli.display.numbers import count, number
from coral_cli.display.tables import print_table
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say
from coral_cli.report.robustness import Cell, Change, Estimate, change
from coral_cli.runs.files import replacing, writing
from coral_cli.sessions.requests import RobustnessRequest

Place = tuple[int, int]
"""An agent and a condition, by their places in the table."""


@dataclass
class Table:
    """Cells by agent and condition, as far as they were evaluated."""

    env: str
    agents: Sequence[str]
    checkpoints: Sequence[Path]
    conditions: Sequence[Condition]
    seed: int
    episodes: int
    renderer: str
    cells: dict[Place, Cell] = field(default_factory=dict)
    films: dict[Place, Path] = field(default_factory=dict)

    @property
    def reference(self) -> int | None:
        """The condition that others are compared with: that of training or, where that is not there, the clean one."""
        flags = [condition.given for condition in self.conditions]
        if len(flags) < 2:
            return None
        return next((flags.index(given) for given in REFERENCES if given in flags), None)

    def changed(self, place: Place) -> Change | None:
        """Return the change against the reference; None where one of both is not there, or it is the reference."""
        agent, condition = place
        cell, known = self.cells.get(place), self.cells.get((agent, -1 if self.reference is None else self.reference))
        return change(cell, known) if cell and known and condition != self.reference else None


REFERENCES: tuple[Mapping[str, Json], ...] = ({}, {"distraction": ()})


def run_session(request: RobustnessRequest, as_json: bool, quiet: bool, file: Path | None) -> int:
    """Evaluate all, and tell what there is, also when it was stopped or one failed; here torch is imported."""
    if file is not None:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.robustness import plan, play_all
    from coral_cli.training.evaluation import statistics
    from coral_cli.training.interruption import Interruption

    failed: CoralError | None = None
    with documents(as_json), Interruption() as interruption:
        planned = plan(request)
        table = Table(
            env=planned.env,
            agents=names_of(request.checkpoints),
            checkpoints=planned.checkpoints,
            conditions=request.conditions,
            seed=planned.seed,
            episodes=request.episodes,
            renderer=planned.backend,
        )
        tell = Telling(table, quiet)
        try:
            for pair, episodes in play_all(request, planned, tell, lambda: bool(interruption)):
                place = pair.agent, pair.condition
                successes = [episode.metrics.get("success", 0.0) for episode in episodes]
                known = any("success" in episode.metrics for episode in episodes)
                returns = [episode.total for episode in episodes]
                table.cells[place] = Cell(returns, successes if known else (), statistics(episodes))
                if pair.video is not None:
                    table.films[place] = pair.video
        except CoralError as error:
            failed = error
    _tell(table, as_json, file, stopped=bool(interruption) or failed is not None)
    if failed is not None:
        raise failed
    return interruption.exit_code


class Telling:
    """A line on standard error for each cell that is begun."""

    def __init__(self, table: Table, quiet: bool) -> None:
        self._table, self._quiet, self._start = table, quiet, time.monotonic()

    def __call__(self, number: int, pair: Any) -> None:
        """Tell of the cell with this ``number``, and how long all that is left will take."""
        every = len(self._table.agents) * len(self._table.conditions)
        agent, condition = self._table.agents[pair.agent], self._table.conditions[pair.condition].name
        left = ""
        if number:
            rest = (time.monotonic() - self._start) / number * (every - number)
            left = f" ({span(around([rest], 1 - number / every))} left)"
        if not self._quiet:
            say(f"evaluating {number + 1}/{every}: {agent} under {condition}{left}", file=sys.stderr)


def names_of(checkpoints: Sequence[Path]) -> list[str]:
    """Name agents by their folder or file where all of these differ, else by their paths as they were written."""
    short = [path.resolve().name for path in checkpoints]
    return short if len(set(short)) == len(short) else [as_written(path) for path in checkpoints]


def _tell(table: Table, as_json: bool, file: Path | None, stopped: bool) -> None:
    every = len(table.agents) * len(table.conditions)
    if stopped:
        say(f"{len(table.cells)} of {every} evaluations are done.", file=sys.stderr)
    if as_json:
        print_json(document(table))
    elif table.cells:
        print_robustness(Terminal(), table)
    if file is not None:
        write_csv(file, table)


def print_robustness(console: Terminal, table: Table) -> None:
    """Print tables: of returns, of successes where the task knows any, of changes where there is a reference."""
    episodes = f"{count(table.episodes)} episodes" if table.episodes > 1 else "1 episode"
    same = f"{episodes} each, the same for all (seed {table.seed}); [95 % interval]"
    console.print(f"{table.env}: {same}", soft_wrap=True)
    console.print()
    _print(console, "return", table, {place: _said(cell.value) for place, cell in table.cells.items()})
    successes = {place: _said(cell.success) for place, cell in table.cells.items() if cell.success}
    if successes:
        console.print()
        _print(console, "success rate", table, successes)
    changes = {place: _changed(known) for place in table.cells if (known := table.changed(place))}
    if changes and table.reference is not None:
        console.print()
        _print(console, f"change from {table.conditions[table.reference].name}", table, changes, table.reference)
    if table.films:
        console.print()
    for film in table.films.values():
        console.print(f"video {as_written(film)}", soft_wrap=True)


def _print(console: Terminal, title: str, table: Table, said: Mapping[Place, str], without: int | None = None) -> None:
    shown = [index for index in range(len(table.conditions)) if index != without]
    columns = [title, *(table.conditions[index].name for index in shown)]
    rows = [[name, *(said.get((agent, index), "-") for index in shown)] for agent, name in enumerate(table.agents)]
    print_table(console, columns, rows)


def _said(estimate: Estimate, sign: str = "") -> str:
    mean = f"{sign}{number(estimate.mean)}"
    return mean if estimate.low is None else f"{mean} [{number(estimate.low)}, {number(estimate.high)}]"


def _changed(known: Change) -> str:
    said = _said(known.difference, "+" if known.difference.mean > 0 else "")
    return said if known.kept is None else f"{said} {100 * known.kept:.0f} %"


def document(table: Table) -> Json:
    """Return the table for ``--json``: agents with a cell for each condition that was evaluated."""
    return {
        "env": table.env,
        "episodes": table.episodes,
        "seed": table.seed,
        "renderer": table.renderer,
        "reference": None if table.reference is None else table.conditions[table.reference].name,
        "complete": len(table.cells) == len(table.agents) * len(table.conditions),
        "conditions": [{"name": known.name, "flags": known.flags} for known in table.conditions],
        "agents": [
            {
                "name": name,
                "checkpoint": as_written(table.checkpoints[agent]),
                "cells": {
                    condition.name: _cell(table, (agent, index))
                    for index, condition in enumerate(table.conditions)
                    if (agent, index) in table.cells
                },
            }
            for agent, name in enumerate(table.agents)
        ],
    }


def _cell(table: Table, place: Place) -> dict[str, Json]:
    cell, known, film = table.cells[place], table.changed(place), table.films.get(place)
    return {
        "return": asdict(cell.value),
        "success": asdict(cell.success) if cell.success else None,
        "change": asdict(known) if known else None,
        "statistics": dict(cell.statistics),
        "returns": list(cell.returns),
        "successes": list(cell.successes),
        "video": film and as_written(film),
    }


COLUMNS = (
    *("agent", "checkpoint", "env", "condition", "flags", "seed", "episodes", "renderer"),
    *("return", "return_low", "return_high", "success", "success_low", "success_high"),
    *("reference", "change", "change_low", "change_high", "kept"),
)
"""The columns of ``--csv``, a line for each agent under each condition."""


def write_csv(path: Path, table: Table) -> None:
    """Write a line for each cell. Raises CoralError when it cannot be written."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        lines.writerows(_lines(table))


def _lines(table: Table) -> Iterator[Sequence[Json]]:
    for (agent, index), cell in table.cells.items():
        condition, known = table.conditions[index], table.changed((agent, index))
        yield (
            *(table.agents[agent], as_written(table.checkpoints[agent]), table.env, condition.name, condition.flags),
            *(table.seed, table.episodes, table.renderer),
            *_numbers(cell.value),
            *_numbers(cell.success),
            table.conditions[table.reference].name if known and table.reference is not None else None,
            *_numbers(known.difference if known else None),
            known.kept if known else None,
        )


def _numbers(estimate: Estimate | None) -> tuple[float | None, ...]:
    return (estimate.mean, estimate.low, estimate.high) if estimate else (None, None, None)
