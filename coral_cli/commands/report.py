"""``coral report``: what several runs come to."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.names import Names
from coral_cli.assembly.settings import BUDGET
from coral_cli.assembly.slots import OBSERVER
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, csv_file, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say, sentence
from coral_cli.report.grouping import Agent, Task, pooled, tasks
from coral_cli.report.reading import Over, Run, evaluated, read
from coral_cli.runs.directory import RUNS
from coral_cli.runs.finding import find
from coral_cli.study.plan import read_plan

if TYPE_CHECKING:
    from coral_cli.commands.report_tables import Told

HELP = """Compare runs: the interquartile mean over seeds, with its 95 % interval.

Runs with the same flags but for the seed are one agent, with a line in the table of its task. A folder stands for
all runs in it."""

PICTURES = (".png", ".svg", ".pdf")
OTHERS = (".jpg", ".jpeg", ".gif", ".webp")
"""Kinds of picture that are not made."""
PAGE, NUMBERS = ".html", ".csv"


@dataclass(frozen=True)
class ReportOptions:
    """Options of ``coral report``: what to tell of the runs."""

    metric: Annotated[str, Help("What to compare, of all that evaluations measure: return, success, ...")] = "return"
    at: Annotated[
        tuple[int, ...], Help("Environment steps to compare at (default: as far as all of an agent's runs went).")
    ] = ()
    pool: Annotated[bool, Help("Also pool all tasks, where the metric has one scale on them.")] = False
    out: Annotated[
        str | None, Help("Also draw curves: a page (.html), a picture (.png, .svg, .pdf) or their numbers (.csv).")
    ] = None
    draw: Annotated[tuple[str, ...], Help("Curves of a picture: success, loss/total, ... (default: the metric).")] = ()
    over: Annotated[Over, Help("What curves go over; a page has both.")] = "steps"
    csv: Annotated[str | None, Help("Also write the statistics to this file, a line for each agent and step.")] = None
    json: JsonFlag = False
    debug: DebugFlag = False


def report(context: typer.Context, given: Given) -> int:
    """Read the runs and tell of them."""
    options, given = taken(ReportOptions(), given)
    out, file = _out(options.out), csv_file(options.csv)
    if options.draw and (out is None or out.suffix.lower() not in PICTURES):
        raise UsageError("--draw chooses the curves of a picture.", "Add --out curves.png; pages and files have all.")
    paths = [absolute(text) for text in given.get("run", [RUNS])]
    begun = out is not None and out.suffix.lower() == PAGE
    every, left_out = compared(options, paths, context.obj, begun)
    if out is not None:
        _draw(every, options, out, left_out)
    if file is not None:
        from coral_cli.commands.report_tables import write_csv

        write_csv(file, every)
    if options.json:
        print_json(documents_of(every, warned=begun))
    else:
        print_tables(every, out, file)
    return 0


def compared(
    options: ReportOptions, paths: Sequence[Path], catalog: Catalog, begun: bool = False, as_paper: bool = False
) -> tuple[list[Told], list[str]]:
    """Return the tasks of the runs in ``paths``, each with its agents' statistics; and why runs are left out.

    With ``begun``, they need not have been evaluated. ``as_paper`` compares at the paper's steps.
    """
    runs, left_out = _runs(paths, options.metric, catalog, begun)
    found = tasks(runs, {name.replace("_", "-") for name in BUDGET} | {"seed", OBSERVER})
    repeated = [said for task in found for agent in task.agents for said in _repetitions(agent)]
    _warn_of(repeated, "seeds have several runs, too", "each counts")
    known = _best_values(found, options.metric, catalog)
    together = _one_scale(found, known, options.metric) if options.pool else ()
    if len(together) > 1:
        found.append(pooled(together))
    return [_told(task, options, known, as_paper) for task in found], left_out


def _at(agent: Agent, options: ReportOptions, as_paper: bool) -> Sequence[int]:
    """Return the steps to compare an agent at: those asked for, else the last that all of its runs have reached."""
    from coral_cli.report.published import near, published
    from coral_cli.report.statistics import last_common_step

    if options.at:
        return options.at
    last = last_common_step(agent.runs)
    before = [step for step in published(agent, options.metric) if step <= last] if as_paper else []
    return before if near(dict.fromkeys(before, 0.0), last) is not None else [*before, last]


def documents_of(every: Sequence[Told], warned: bool = False) -> list[Json]:
    """Return the tasks for ``--json``; warn of what their runs keep and cannot be read, unless that was done."""
    from coral_cli.commands.report_later import documents
    from coral_cli.commands.report_tables import document

    damaged: list[str] = []
    found = [{**document(told), **documents(told.task, damaged)} for told in every]
    _warn_of([] if warned else damaged, "cannot be read either", "left out")
    return found


def _told(task: Task, options: ReportOptions, known: Mapping[str, float | None], as_paper: bool) -> Told:
    from coral_cli.commands.report_tables import Told
    from coral_cli.report.comparison import best_of, comparison
    from coral_cli.report.statistics import over_runs

    best = best_of(task, known)
    curves = [
        (agent, over_runs(agent.runs, _at(agent, options, as_paper))) for agent in task.agents if agent.runs[0].steps
    ]
    return Told(task, options.metric, curves, best, comparison(task, options.at, best) if curves else None)


def _best_values(found: Sequence[Task], metric: str, catalog: Catalog) -> dict[str, float | None]:
    """Return the largest value of the metric in each environment of the runs; None where nobody knows."""
    from coral_cli.report.comparison import best_value

    entries = {catalog.name(entry): entry for entry in catalog.entries("environment")}
    names = {str(agent.runs[0].flags["env"]) for task in found for agent in task.agents}
    return {name: best_value(entries.get(name), metric) for name in names}


def _one_scale(found: Sequence[Task], known: Mapping[str, float | None], metric: str) -> Sequence[Task]:
    """Return the tasks on which the metric has a known scale, and warn of the others; all of them where none has."""
    from coral_cli.report.comparison import best_of

    scaled = [task for task in found if best_of(task, known) is not None]
    others = [f"{task.name} has no known scale of {metric}" for task in found if task not in scaled]
    if scaled:
        _warn_of(others, "have none either", "not pooled")
    return scaled or found


def _out(text: str | None) -> Path | None:
    """Return the absolute path of what is drawn. Raises UsageError for what cannot be drawn."""
    if text is not None and Path(text).suffix.lower() not in (PAGE, NUMBERS, *PICTURES):
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
    found, sources = _without_sources(paths)
    for path in found:
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
    begun_with = [f"{path} is what other runs of its study begin with" for path in sources]
    _warn_of(begun_with, "are so, too", "left out")
    _warn_of(bare, "have none either", "left out")
    _warn_of(damaged, "cannot be read either", "left out")
    left_out = [f"{as_written(reason)}: left out." for reason in (*begun_with, *bare, *damaged)]
    names = Names(catalog)
    named = [replace(run, flags=names.with_method(run.flags)) for run in kept]
    return [replace(run, sized=names.with_size(run.flags, run.metadata["assembly"])) for run in named], left_out


def _without_sources(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the runs of ``paths``, and those in folders of which plans say that other runs begin with their weights.

    A source that is itself among ``paths`` is a run like any other.
    """
    found = find(paths)
    itself = {path.resolve() for path in paths}
    awaited = {folder: _awaited(folder) for folder in {run.parent for run in found}}
    sources = [run for run in found if run.name in awaited[run.parent] and run.resolve() not in itself]
    kept = [run for run in found if run not in sources]
    return (kept, sources) if kept else (found, [])


def _awaited(folder: Path) -> set[str]:
    try:
        return {run.after for run in read_plan(folder).runs}
    except UnreadableError:
        return set()


def _warn_of(cases: Sequence[str], others: str, what: str) -> None:
    """One line for all ``cases`` of a kind, of which the first is told and the ``others`` are counted."""
    if cases:
        more = f", and {len(cases) - 1} more {others}" if len(cases) > 1 else ""
        say(f"warning: {sentence(as_written(cases[0]))}{more}: {what}.", file=sys.stderr)


def _repetitions(agent: Agent) -> list[str]:
    times = Counter(run.seed for run in agent.runs)
    return [f"{count} runs of {agent.name} have seed {seed}" for seed, count in times.items() if count > 1]


def _draw(every: Sequence[Told], options: ReportOptions, out: Path, left_out: Sequence[str]) -> None:
    metric, found = options.metric, [told.task for told in every]
    if out.suffix.lower() == NUMBERS:
        from coral_cli.report.curves import write_csv

        write_csv(out, found, metric)
    elif out.suffix.lower() == PAGE:
        from coral_cli.commands.report_later import later
        from coral_cli.commands.report_tables import tables
        from coral_cli.report.page import Section, write

        damaged: list[str] = []
        sections = [Section(told.task, tables(told), told.comparison, later(told.task, damaged)) for told in every]
        _warn_of(damaged, "cannot be read either", "left out")
        reasons = [*left_out, *(f"{as_written(reason)}: left out." for reason in damaged)]
        write(sections, metric, out, reasons, options.over)
    else:
        from coral_cli.report.figure import save

        save([(told.task, told.comparison) for told in every], metric, out, options.draw, options.over)


def print_tables(every: Sequence[Told], out: Path | None = None, file: Path | None = None) -> None:
    """Print a table for each task, where curves were drawn, and into which file the statistics were written."""
    from coral_cli.commands.report_tables import tables

    console = Terminal()
    for index, table in enumerate(table for told in every for table in tables(told)):
        if index:
            console.print()
        print_table(console, table.columns, table.rows, range(1, len(table.columns)))
    if out or file:
        console.print()
    for what, path in (("curves", out), ("statistics", file)):
        if path is not None:
            console.print(f"{what} in {as_written(path)}", soft_wrap=True)


def add(app: typer.Typer) -> None:
    """Add ``coral report``."""
    flags = flags_from(
        ReportOptions(), "Report", {"at": "STEPS,...", "out": "FILE", "csv": "FILE.csv", "draw": "CURVE,..."}
    )
    argument = ("run", f"Run directories, or folders of them (default: {RUNS}).")
    app.command("report", cls=Command, help=HELP)(signed(report, flags, argument, many=True, optional=True))
