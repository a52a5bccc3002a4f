"""``coral report``: what several runs come to."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.help import Command
from coral_cli.assembly.settings import BUDGET
from coral_cli.assembly.shorthands import recognised
from coral_cli.assembly.slots import OBSERVER
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import count, duration, number
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.report.grouping import Agent, Task, pooled, tasks
from coral_cli.report.reading import Run, evaluated, find, read
from coral_cli.runs.directory import RUNS

if TYPE_CHECKING:
    from coral_cli.report.statistics import Curve

HELP = """Compare runs: the interquartile mean over seeds, with its 95 % interval.

Runs with the same flags but for the seed are one agent, with a line in the table of its task. A folder stands for
all runs in it."""

PICTURES = (".png", ".svg", ".pdf")
PAGE = ".html"
NUMERIC = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class ReportOptions:
    """What to tell of the runs."""

    metric: Annotated[str, Help("What to compare, of all that evaluations measure: return, success, ...")] = "return"
    at: Annotated[
        tuple[int, ...], Help("Environment steps to compare at (default: as far as all of an agent's runs went).")
    ] = ()
    pool: Annotated[bool, Help("Also pool all tasks, where the metric has one scale on them.")] = False
    out: Annotated[str | None, Help("Also draw curves: a page (.html) or a picture (.png, .svg, .pdf).")] = None
    json: JsonFlag = False
    debug: DebugFlag = False


def report(context: typer.Context, given: Given) -> int:
    """Reads the runs and tells of them."""
    from coral_cli.report.statistics import last_common_step, over_runs

    options, given = taken(ReportOptions(), given)
    out = _out(options.out)
    runs = _runs([Path(text).expanduser() for text in given.get("run", [RUNS])], options.metric, context.obj)
    found = tasks(runs, {name.replace("_", "-") for name in BUDGET} | {"seed", OBSERVER})
    for agent in (agent for task in found for agent in task.agents):
        _warn_of_repetitions(agent)
    if options.pool:
        found.append(pooled(found))
    tables = [
        [(agent, over_runs(agent.runs, options.at or [last_common_step(agent.runs)])) for agent in task.agents]
        for task in found
    ]
    rows = [[row for agent, curve in table for row in _rows(agent, curve)] for table in tables]
    if out is not None:
        _draw(found, rows, options.metric, out)
    if options.json:
        print_json([_document(task, table) for task, table in zip(found, tables, strict=True)])
    else:
        _print(found, rows, options.metric, out)
    return 0


def _out(text: str | None) -> Path | None:
    """Raises UsageError for what is neither a page nor a picture."""
    if text is not None and Path(text).suffix.lower() not in (PAGE, *PICTURES):
        raise UsageError(f"--out is {text!r}, which is neither a page nor a picture.", f"Write --out {text}{PAGE}.")
    return None if text is None else Path(text).expanduser()


def _runs(paths: Sequence[Path], metric: str, catalog: Catalog) -> list[Run]:
    """The runs to tell of; warns of others. Raises UnreadableError and UsageError when there is none."""
    runs, unreadable = [], []
    for path in find(paths):
        try:
            runs.append(read(path, metric))
        except UnreadableError as error:
            unreadable.append(error)
    if not runs:
        raise unreadable[0]
    kept = evaluated(runs, metric)
    left_out = [f"{run.path} has no evaluation of {metric}" for run in runs if not run.steps]
    for reason in (*left_out, *(error.message.rstrip(".") for error in unreadable)):
        print(f"warning: {reason}; it is left out.", file=sys.stderr)
    sensors = {catalog.name(entry): entry.record.sensors for entry in catalog.entries("environment")}
    return [replace(run, flags=recognised(run.flags, sensors.get(run.flags["env"], {}))) for run in kept]


def _warn_of_repetitions(agent: Agent) -> None:
    for seed, times in Counter(run.seed for run in agent.runs).items():
        if times > 1:
            print(f"warning: {times} runs of {agent.name} have seed {seed}; each counts.", file=sys.stderr)


def _columns(task: Task, metric: str) -> tuple[str, ...]:
    return task.name, "runs", "steps", metric, "95 % interval", "training time"


def _rows(agent: Agent, curve: Curve) -> list[tuple[str, ...]]:
    """A line for each step, as text."""
    return [
        (
            agent.name,
            count(len(agent.runs)),
            count(int(step)),
            _known(iqm),
            "-" if math.isnan(low) else f"{number(low)} to {number(high)}",
            "-" if math.isnan(seconds) else duration(seconds),
        )
        for step, iqm, low, high, seconds in zip(*_lists(curve).values(), strict=True)
    ]


def _known(value: float) -> str:
    return number(None if math.isnan(value) else value)


def _lists(curve: Curve) -> dict[str, list[float]]:
    return {field.name: getattr(curve, field.name).tolist() for field in fields(curve)}


def _document(task: Task, table: Iterable[tuple[Agent, Curve]]) -> Json:
    """A task for ``--json``: its agents, their statistics and their runs."""
    agents = [
        {
            "name": agent.name,
            "differs": dict(agent.differs),
            "statistics": {name: [None if math.isnan(v) else v for v in vs] for name, vs in _lists(curve).items()},
            "runs": [
                {
                    "path": str(run.path),
                    "seed": run.seed,
                    "steps": list(run.steps),
                    "values": list(run.values),
                    "seconds": list(run.seconds),
                }
                for run in agent.runs
            ],
        }
        for agent, curve in table
    ]
    return {"task": task.name, "agents": agents}


def _draw(found: Sequence[Task], rows: Sequence[Sequence[Sequence[str]]], metric: str, out: Path) -> None:
    if out.suffix.lower() == PAGE:
        from coral_cli.report.page import Section, write

        sections = [Section(task, _columns(task, metric), r, NUMERIC) for task, r in zip(found, rows, strict=True)]
        write(sections, metric, out)
    else:
        from coral_cli.report.figure import save

        save(found, metric, out)


def _print(found: Sequence[Task], rows: Sequence[Sequence[Sequence[str]]], metric: str, out: Path | None) -> None:
    console = Console(highlight=False)
    for index, (task, lines) in enumerate(zip(found, rows, strict=True)):
        if index:
            console.print()
        print_table(console, _columns(task, metric), lines, NUMERIC)
    if out is not None:
        console.print(f"\ncurves in {out}", soft_wrap=True)


def add(app: typer.Typer) -> None:
    """Adds ``coral report``."""
    flags = flags_from(ReportOptions(), "Report", {"at": "STEPS,...", "out": "FILE"})
    argument = ("run", f"Run directories, or folders of them (default: {RUNS}).")
    app.command("report", cls=Command, help=HELP)(signed(report, flags, argument, many=True))
