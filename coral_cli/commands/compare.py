"""``coral compare``: runs beside each other, one by one."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.names import Names
from coral_cli.assembly.typer_surface import Command
from coral_cli.assembly.values import text_of
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import count, number
from coral_cli.display.plot import MARKS, SEVERAL, Line, plot, style_of
from coral_cli.display.runs import one_line
from coral_cli.display.tables import Cell, print_table
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say
from coral_cli.report.comparing import Compared, last_common_step, read
from coral_cli.report.grouping import differences
from coral_cli.runs.directory import RUNS
from coral_cli.runs.finding import named

HELP = """Show runs beside each other: the flags that differ, how each ends, and their curves on one axis.

`coral report` takes runs with other seeds together; here each stands for itself."""

INTERVAL = (
    "95 % interval of the mean over other episodes of the same agent (Student's t on the last evaluation); "
    "it says nothing of other seeds"
)
HEIGHT = 14
"""Rows of the curves, axes included."""


@dataclass(frozen=True)
class CompareOptions:
    """Options of ``coral compare``: what to compare."""

    metric: Annotated[str, Help("What to compare, of all that evaluations measure: return, success, ...")] = "return"
    json: JsonFlag = False
    debug: DebugFlag = False


def compare(context: typer.Context, given: Given) -> int:
    """Compare runs."""
    options, given = taken(CompareOptions(), given)
    directories = {run.path.resolve(): run for run in map(named, given["run"])}
    if len(directories) < 2:
        raise UsageError("one run alone is nothing to compare.", "Name two or more.")
    if len(directories) > len(MARKS):
        hint = f"{len(MARKS)} at most: `coral report` takes those with other seeds together."
        raise UsageError(f"{len(directories)} runs are too many to compare one by one.", hint)
    runs = [read(run.path, options.metric) for run in directories.values()]
    _require_metric(runs, options.metric)
    flags = flags_of_all(runs, Names(context.obj, listed=True))
    if options.json:
        print_json(_document(runs, flags, options.metric))
        return 0
    print_all(Terminal(), runs, flags, options.metric)
    if len({(run.flags["env"], *run.flags["distraction"]) for run in runs}) > 1:
        say("warning: these runs are on different tasks: their values have different scales.", file=sys.stderr)
    return 0


def _require_metric(runs: Sequence[Compared], metric: str) -> None:
    known = sorted(set().union(*(run.metrics for run in runs)))
    if known and not any(run.steps for run in runs):
        hint = meant(metric, known, f"They have {', '.join(known)}.")
        raise UsageError(f"none of these runs has evaluated {metric!r}.", hint)


def flags_of_all(runs: Sequence[Compared], names: Names) -> list[dict[str, Json]]:
    """Return the flags of each run that are not the same in all; methods and sizes stand for many."""
    with_method = [names.with_method(run.flags) for run in runs]
    sized = [names.with_size(flags, run.metadata["assembly"]) for flags, run in zip(with_method, runs, strict=True)]
    short = [flags for flags in sized if flags is not None]
    full = short if len(short) == len(runs) else with_method
    own = {"method", "size", *differences([run.flags for run in runs])}  # no options of components that differ
    keys = [key for key in differences(full) if key in own]
    return [{key: flags[key] for key in keys if key in flags} for flags in full]


def print_all(console: Terminal, runs: Sequence[Compared], flags: Sequence[Mapping[str, Json]], metric: str) -> None:
    """Print where each run ends, the flags that differ, and the curves."""
    _print_ends(console, runs, metric)
    _print_flags(console, flags)
    _print_curves(console, runs)


def _print_ends(console: Terminal, runs: Sequence[Compared], metric: str) -> None:
    """Print a row for each run: where it ends, and where the shortest one does."""
    common = last_common_step(runs)
    same = len({run.steps[-1] for run in runs if run.steps}) < 2
    columns = ["mark", "run", "steps", metric, "95 % interval", "episodes", "best"]
    rows = [_ends(index, run) for index, run in enumerate(runs)]
    if common is not None and not same:
        columns.append(f"at {count(common)}")
        rows = [[*row, number(run.at(common))] for row, run in zip(rows, runs, strict=True)]
    print_table(console, columns, rows, range(2, len(columns)))
    if any(run.interval for run in runs):
        text = f"{INTERVAL}."
        for line in textwrap.wrap(text, console.width) if console.is_terminal else [text]:
            console.print(line, style="dim", soft_wrap=True)


def _ends(index: int, run: Compared) -> list[Cell]:
    interval = run.interval
    return [
        Text(MARKS[index], style_of(index)),
        one_line(as_written(run.path)),
        count(run.steps[-1]) if run.steps else "-",
        number(run.values[-1] if run.values else None),
        f"{number(interval[0])} to {number(interval[1])}" if interval else "-",
        count(run.episodes[-1]) if run.episodes else "-",
        number(max(run.values, default=None)),
    ]


def _print_flags(console: Terminal, flags: Sequence[Mapping[str, Json]]) -> None:
    keys = list(dict.fromkeys(key for own in flags for key in own))
    console.print()
    if not keys:
        console.print("All flags are the same.")
        return
    rows: list[list[Cell]] = [[one_line(key), *(_value(own, key) for own in flags)] for key in sorted(keys, key=_order)]
    print_table(console, ["flag", *MARKS[: len(flags)]], rows)


def _order(key: str) -> tuple[bool, bool, bool]:
    return key != "method", key != "size", "." in key


def _value(flags: Mapping[str, Json], key: str) -> str:
    if key not in flags:
        return "-"
    value = flags[key]
    return ("on" if value else "off") if isinstance(value, bool) else one_line(text_of(value)) or "none"


def _print_curves(console: Terminal, runs: Sequence[Compared]) -> None:
    lines = [
        Line(run.steps[0], run.steps[-1], min(run.values), max(run.values), run.at) if run.steps else None
        for run in runs
    ]
    drawn = plot(lines, console.width, HEIGHT, "steps", console.options.ascii_only)
    if drawn:
        console.print()
    for line in drawn:
        console.print(line, soft_wrap=True)
    if any(SEVERAL in line.plain for line in drawn):
        console.print(f"{SEVERAL} several of them", style="dim")


def _document(runs: Sequence[Compared], flags: Sequence[Mapping[str, Json]], metric: str) -> Json:
    common = last_common_step(runs)
    return {
        "metric": metric,
        "interval": INTERVAL,
        "common_step": common,
        "runs": [
            {
                "path": as_written(run.path),
                "differs": dict(own),
                "steps": list(run.steps),
                "values": list(run.values),
                "stderr": list(run.errors),
                "episodes": list(run.episodes),
                "last": run.values[-1] if run.values else None,
                "interval": list(run.interval) if run.interval else None,
                "best": max(run.values, default=None),
                "at_common_step": None if common is None else run.at(common),
            }
            for run, own in zip(runs, flags, strict=True)
        ],
    }


def add(app: typer.Typer) -> None:
    """Add ``coral compare``."""
    argument = ("run", f"Two runs or more: their directories, or their names in {RUNS}/.")
    app.command("compare", cls=Command, help=HELP)(signed(compare, flags_from(CompareOptions()), argument, many=True))
