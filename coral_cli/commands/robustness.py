"""``coral eval`` of several agents or conditions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coral_cli.assembly.slots import DISTRACTION
from coral_cli.commands.output import documents, print_json
from coral_cli.display.estimates import around, span
from coral_cli.display.numbers import count, number
from coral_cli.display.tables import print_table
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say
from coral_cli.report.estimates import Cell, Change, Estimate
from coral_cli.report.robustness import Place, Table, document, write_csv
from coral_cli.runs.files import writing
from coral_cli.sessions.requests import RobustnessRequest

if TYPE_CHECKING:
    from coral_cli.sessions.robustness import Pair, Plan

REFERENCES: Sequence[Mapping[str, Json]] = ({}, {DISTRACTION: ()})
"""The condition that others are compared with: that of training or, where that is not there, the clean one."""


def run_session(request: RobustnessRequest) -> int:
    """Evaluate all, and tell what there is, also when it was stopped or one failed; here torch is imported."""
    if request.csv is not None:
        with writing(request.csv):
            request.csv.parent.mkdir(parents=True, exist_ok=True)
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.robustness import plan
    from coral_cli.training.interruption import Interruption

    failed: Exception | None = None
    with documents(request.json), Interruption() as interruption:
        planned = plan(request)
        table = _table(request, planned)
        try:
            _fill(table, request, planned, lambda: bool(interruption))
        except Exception as error:
            failed = error
    if failed or interruption:
        say(f"{len(table.cells)} of {table.size} evaluations are done.", file=sys.stderr)
    if request.json:
        print_json(document(table))
    elif table.cells:
        print_robustness(Terminal(), table)
    if request.csv is not None:
        write_csv(request.csv, table)
    if failed:
        raise failed
    return interruption.exit_code


def _table(request: RobustnessRequest, planned: Plan) -> Table:
    given = [condition.given for condition in request.conditions]
    known = [given.index(flags) for flags in REFERENCES if flags in given and len(given) > 1]
    return Table(
        env=planned.env,
        agents=names_of(request.checkpoints),
        checkpoints=planned.checkpoints,
        conditions=[condition.name for condition in request.conditions],
        flags=[condition.flags for condition in request.conditions],
        reference=known[0] if known else None,
        seed=planned.seed,
        episodes=request.episodes,
        renderer=planned.backend,
    )


def _fill(table: Table, request: RobustnessRequest, planned: Plan, stop: Callable[[], bool]) -> None:
    from coral_cli.sessions.robustness import play_all
    from coral_cli.training.evaluation import statistics

    start = time.monotonic()

    def tell(number: int, pair: Pair) -> None:
        if not request.quiet:
            say(_progress(table, (pair.agent, pair.condition), number, time.monotonic() - start), file=sys.stderr)

    for pair, episodes in play_all(request, planned, tell, stop):
        place = pair.agent, pair.condition
        known = any("success" in episode.metrics for episode in episodes)
        successes = [episode.metrics.get("success", 0.0) for episode in episodes] if known else []
        table.cells[place] = Cell([episode.total for episode in episodes], successes, statistics(episodes))
        if pair.video is not None:
            table.films[place] = pair.video


def _progress(table: Table, place: Place, done: int, seconds: float) -> str:
    """Say which cell begins after so many are ``done``, and how long all that is left will take."""
    said = f"evaluating {done + 1}/{table.size}: {table.agents[place[0]]} under {table.conditions[place[1]]}"
    if not done:
        return said
    rest = table.size - done
    return f"{said} ({span(around([seconds / done * rest], rest / table.size))} left)"


def names_of(checkpoints: Sequence[Path]) -> list[str]:
    """Name agents by their folder or file where all of these differ, else by their paths as they were written."""
    short = [path.resolve().name for path in checkpoints]
    return short if len(set(short)) == len(short) else [as_written(path) for path in checkpoints]


def print_robustness(console: Terminal, table: Table) -> None:
    """Print tables: of returns, of successes where the task knows any, of changes where there is a reference."""
    episodes = f"{count(table.episodes)} episodes" if table.episodes > 1 else "1 episode"
    interval = "; [95 % interval]" if table.episodes > 1 else ""
    console.print(f"{table.env}: {episodes} each, the same for all (seed {table.seed}){interval}", soft_wrap=True)
    _print(console, "return", table, {place: _said(cell.average) for place, cell in table.cells.items()})
    successes = {place: _said(cell.success) for place, cell in table.cells.items() if cell.success}
    if successes:
        _print(console, "success rate", table, successes)
    changes = {place: _changed(known) for place in table.cells if (known := table.changed(place))}
    if changes and table.reference is not None:
        _print(console, f"change from {table.conditions[table.reference]}", table, changes, table.reference)
    if table.films:
        console.print()
    for film in table.films.values():
        console.print(f"video {as_written(film)}", soft_wrap=True)


def _print(console: Terminal, title: str, table: Table, said: Mapping[Place, str], without: int | None = None) -> None:
    shown = [index for index in range(len(table.conditions)) if index != without]
    columns = [title, *(table.conditions[index] for index in shown)]
    rows = [[name, *(said.get((agent, index), "-") for index in shown)] for agent, name in enumerate(table.agents)]
    console.print()
    print_table(console, columns, rows)


def _said(estimate: Estimate, sign: str = "") -> str:
    mean = f"{sign}{number(estimate.value)}"
    return mean if estimate.low is None else f"{mean} [{number(estimate.low)}, {number(estimate.high)}]"


def _changed(known: Change) -> str:
    said = _said(known.difference, "+" if known.difference.value > 0 else "")
    return said if known.kept is None else f"{said} {100 * known.kept:.0f} %"
