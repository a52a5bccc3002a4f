"""``coral report``: what several runs come to."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.record import Assembly
from coral_cli.assembly.settings import BUDGET
from coral_cli.assembly.shorthands import recognised
from coral_cli.assembly.sizes import size_of, sized_flags
from coral_cli.assembly.slots import OBSERVER
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import count, duration, number
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError, UnreadableError, UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.records import Environment
from coral_cli.registry.terminal import say, sentence
from coral_cli.report.grouping import Agent, Task, pooled, tasks
from coral_cli.report.reading import Run, evaluated, find, read
from coral_cli.runs.directory import RUNS

if TYPE_CHECKING:
    from coral_cli.report.statistics import Curve

HELP = """Compare runs: the interquartile mean over seeds, with its 95 % interval.

Runs with the same flags but for the seed are one agent, with a line in the table of its task. A folder stands for
all runs in it."""

PICTURES = (".png", ".svg", ".pdf")
OTHERS = (".jpg", ".jpeg", ".gif", ".webp")
"""Kinds of picture that are not made."""
PAGE = ".html"

Compared: TypeAlias = "tuple[Task, list[tuple[Agent, Curve]]]"
"""A task, and its agents with their statistics."""


@dataclass(frozen=True)
class ReportOptions:
    """Options of ``coral report``: what to tell of the runs."""

    metric: Annotated[str, Help("What to compare, of all that evaluations measure: return, success, ...")] = "return"
    at: Annotated[
        tuple[int, ...], Help("Environment steps to compare at (default: as far as all of an agent's runs went).")
    ] = ()
    pool: Annotated[bool, Help("Also pool all tasks, where the metric has one scale on them.")] = False
    out: Annotated[str | None, Help("Also draw curves: a page (.html) or a picture (.png, .svg, .pdf).")] = None
    json: JsonFlag = False
    debug: DebugFlag = False


def report(context: typer.Context, given: Given) -> int:
    """Read the runs and tell of them."""
    options, given = taken(ReportOptions(), given)
    out = _out(options.out)
    paths = [absolute(text) for text in given.get("run", [RUNS])]
    begun = out is not None and out.suffix.lower() == PAGE
    found, left_out = compared(options, paths, context.obj, begun)
    if out is not None:
        _draw(found, options.metric, out, left_out)
    if options.json:
        print_json(documents_of(found, options.metric))
    else:
        print_tables(found, options.metric, out)
    return 0


def compared(
    options: ReportOptions, paths: Sequence[Path], catalog: Catalog, begun: bool = False, as_paper: bool = False
) -> tuple[list[Compared], list[str]]:
    """Return the tasks of the runs in ``paths``, each with its agents' statistics; and why runs are left out.

    With ``begun``, they need not have been evaluated. ``as_paper`` compares at the paper's steps.
    """
    from coral_cli.report.statistics import over_runs

    runs, left_out = _runs(paths, options.metric, catalog, begun)
    found = tasks(runs, {name.replace("_", "-") for name in BUDGET} | {"seed", OBSERVER})
    repeated = [said for task in found for agent in task.agents for said in _repetitions(agent)]
    _warn_of(repeated, "seeds have several runs, too", "each counts")
    if options.pool:
        found.append(pooled(found))
    return [
        (
            task,
            [
                (agent, over_runs(agent.runs, _at(agent, options, as_paper)))
                for agent in task.agents
                if agent.runs[0].steps
            ],
        )
        for task in found
    ], left_out


def _at(agent: Agent, options: ReportOptions, as_paper: bool) -> Sequence[int]:
    """Return the steps to compare an agent at: those asked for, else the last that all of its runs have reached."""
    from coral_cli.report.published import near, published
    from coral_cli.report.statistics import last_common_step

    if options.at:
        return options.at
    last = last_common_step(agent.runs)
    before = [step for step in published(agent, options.metric) if step <= last] if as_paper else []
    return before if near(dict.fromkeys(before, 0.0), last) is not None else [*before, last]


def _out(text: str | None) -> Path | None:
    """Return the page's or picture's absolute path. Raises UsageError for what is neither."""
    if text is not None and Path(text).suffix.lower() not in (PAGE, *PICTURES):
        raise UsageError(f"--out is {text!r}, which is neither a page nor a picture.", f"Write --out {_file(text)}.")
    return None if text is None else absolute(text)


def _file(text: str) -> str:
    """Return what a file's name was meant to be: the ending of another kind of picture gives way."""
    path = Path(text)
    return str(path.with_suffix(PICTURES[0])) if path.suffix.lower() in OTHERS else f"{text}{PAGE}"


def _runs(paths: Sequence[Path], metric: str, catalog: Catalog, begun: bool) -> tuple[list[Run], list[str]]:
    """Return the runs to tell of, and why others are left out; warn of these. With ``begun``, none need be evaluated.

    Raises UnreadableError and UsageError when there is none.
    """
    runs, unreadable = [], []
    for path in find(paths):
        try:
            runs.append(read(path, metric))
        except UnreadableError as error:
            unreadable.append(error)
    if not runs:
        raise unreadable[0]
    unevaluated = [run for run in runs if not run.pretrained]
    if begun and unevaluated and not any(run.metrics for run in runs):
        kept, without = unevaluated, [run for run in runs if run.pretrained]
    else:
        kept, without = evaluated(runs, metric), [run for run in runs if not run.steps]
    bare = [f"{run.path} has no evaluation of {metric}" for run in without]
    damaged = [error.message.rstrip(".") for error in unreadable]
    _warn_of(bare, "have none either", "left out")
    _warn_of(damaged, "cannot be read either", "left out")
    left_out = [f"{as_written(reason)}: left out." for reason in (*bare, *damaged)]
    records = {catalog.name(entry): entry.record for entry in catalog.entries("environment")}
    sensors = {name: record.sensors for name, record in records.items() if isinstance(record, Environment)}
    named = [replace(run, flags=recognised(run.flags, sensors.get(run.flags["env"], {}))) for run in kept]
    return [replace(run, sized=_sized(run, catalog)) for run in named], left_out


def _sized(run: Run, catalog: Catalog) -> dict[str, Json] | None:
    """Return the flags of ``run``, with its size in place of those that it explains; None where it has no named one."""
    try:
        assembly = Assembly.from_json(run.record["assembly"])
        size, explained = size_of(assembly, catalog), sized_flags(assembly, catalog)
    except CoralError:  # it was made with plugins that are not installed, or by another version
        return None
    return {"size": size, **{flag: run.flags[flag] for flag in run.flags if flag not in explained}} if size else None


def _warn_of(cases: Sequence[str], others: str, what: str) -> None:
    """One line for all ``cases`` of a kind, of which the first is told and the ``others`` are counted."""
    if cases:
        more = f", and {len(cases) - 1} more {others}" if len(cases) > 1 else ""
        say(f"warning: {sentence(as_written(cases[0]))}{more}: {what}.", file=sys.stderr)


def _repetitions(agent: Agent) -> list[str]:
    times = Counter(run.seed for run in agent.runs)
    return [f"{count} runs of {agent.name} have seed {seed}" for seed, count in times.items() if count > 1]


def _table(task: Task, table: Iterable[tuple[Agent, Curve]], metric: str) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return columns and rows as text, a row for each step of each agent; published values have a column if any."""
    from coral_cli.report.published import near, published

    columns = (task.name, "runs", "steps", metric, "95 % interval", "paper", "training time")
    rows = [
        (
            agent.name,
            count(len(agent.runs)),
            count(int(step)),
            _known(iqm),
            "-" if math.isnan(low) else f"{number(low)} to {number(high)}",
            number(near(published(agent, metric), step)),
            "-" if math.isnan(seconds) else duration(seconds),
        )
        for agent, curve in table
        for step, iqm, low, high, seconds in zip(*_lists(curve).values(), strict=True)
    ]
    paper = columns.index("paper")
    shown = [index for index in range(len(columns)) if index != paper or any(row[paper] != "-" for row in rows)]
    return [columns[index] for index in shown], [[row[index] for index in shown] for row in rows]


def _known(value: float) -> str:
    return number(None if math.isnan(value) else value)


def _lists(curve: Curve) -> dict[str, list[float]]:
    return {field.name: getattr(curve, field.name).tolist() for field in fields(curve)}


def documents_of(found: Sequence[Compared], metric: str) -> list[Json]:
    """Return the tasks for ``--json``."""
    return [_document(task, table, metric) for task, table in found]


def _document(task: Task, table: Iterable[tuple[Agent, Curve]], metric: str) -> Json:
    """Return a task for ``--json``: its agents, their statistics and their runs."""
    from coral_cli.report.published import published

    agents: list[dict[str, Json]] = [
        {
            "name": agent.name,
            "differs": dict(agent.differs),
            "statistics": {name: [None if math.isnan(v) else v for v in vs] for name, vs in _lists(curve).items()},
            "published": dict(published(agent, metric)),
            "runs": [
                {
                    "path": as_written(run.path),
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


def _draw(found: Sequence[Compared], metric: str, out: Path, left_out: Sequence[str]) -> None:
    if out.suffix.lower() == PAGE:
        from coral_cli.report.page import Section, write

        write([Section(task, *_table(task, table, metric)) for task, table in found], metric, out, left_out)
    else:
        from coral_cli.report.figure import save

        save([task for task, _ in found], metric, out)


def print_tables(found: Sequence[Compared], metric: str, out: Path | None = None) -> None:
    """Print a table for each task, and where the curves are."""
    console = Terminal()
    for index, (task, table) in enumerate(found):
        if index:
            console.print()
        columns, rows = _table(task, table, metric)
        print_table(console, columns, rows, range(1, len(columns)))
    if out is not None:
        console.print(f"\ncurves in {as_written(out)}", soft_wrap=True)


def add(app: typer.Typer) -> None:
    """Add ``coral report``."""
    flags = flags_from(ReportOptions(), "Report", {"at": "STEPS,...", "out": "FILE"})
    argument = ("run", f"Run directories, or folders of them (default: {RUNS}).")
    app.command("report", cls=Command, help=HELP)(signed(report, flags, argument, many=True))
