"""``coral runs``: which runs there are, and what has become of each."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.names import Names
from coral_cli.assembly.typer_surface import Command, Group
from coral_cli.commands import runs_change, runs_show
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.runs import Listed, document, print_runs
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.nearest import meant, nearest
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say, sentence
from coral_cli.runs.directory import RUNS, RunDirectory
from coral_cli.runs.finding import below
from coral_cli.runs.overview import overview

HELP = """List runs: what each was to be, how far it is, and whether it is training, stopped, failed or done.

`coral runs` lists those in runs/, `coral runs DIR` those in DIR and in its folders."""
CHOOSING = """

`coral runs list --help` says how to choose and sort them: `coral runs --state failed --sort age`."""

State = Literal["training", "stopped", "failed", "done", "damaged"]
Column = Literal["name", "state", "task", "method", "seed", "steps", "last", "best", "age", "disk"]


@dataclass(frozen=True)
class ListOptions:
    """Options of ``coral runs``: which runs, and in what order."""

    state: Annotated[tuple[State, ...], Help(f"Only runs in these states: {', '.join(get_args(State))}.")] = ()
    env: Annotated[tuple[str, ...], Help("Only runs in these environments.")] = ()
    method: Annotated[tuple[str, ...], Help("Only runs of these methods.")] = ()
    sort: Annotated[Column, Help(f"Column to sort by: {', '.join(get_args(Column))}.")] = "name"
    reverse: Annotated[bool, Help("The largest, or the last in the alphabet, first.")] = False
    limit: Annotated[int | None, Help("Most runs to list, the first in this order.", min=1)] = None
    json: JsonFlag = False
    debug: DebugFlag = False


KEYS: dict[str, Callable[[Listed], Any]] = {
    "name": lambda one: _natural(one.name),
    "state": lambda one: one.run.state,
    "task": lambda one: (one.task, one.distraction),
    "method": lambda one: one.agent,
    "seed": lambda one: one.run.flags.get("seed"),
    "steps": lambda one: one.run.standing and one.run.standing.step,
    "last": lambda one: one.run.standing and one.run.standing.last,
    "best": lambda one: one.run.standing and one.run.standing.best,
    "age": lambda one: one.run.started and -one.run.started.timestamp(),
    "disk": lambda one: one.run.space,
}
"""What a column is sorted by; None is unknown."""


class Runs(Group):
    """The group ``runs``, whose command ``list`` need not be named."""

    ALONE = ("list",)

    def arranged(self, words: list[str]) -> list[str]:
        """Put ``list`` before words that name no command and do not ask for the group's help."""
        named = words and (words[0] in self.commands or words[0] in ("--help", "-h"))
        return words if named or not words else ["list", *words]


def list_runs(context: typer.Context, given: Given) -> int:
    """List runs. A damaged one is told as such."""
    options, given = taken(ListOptions(), given)
    folders = [absolute(text) for text in given.get("dir", [RUNS])]
    found = _found(folders, "dir" in given, context.obj)
    chosen = _sorted([run for run in found if _wanted(run, options)], options)[: options.limit]
    if options.json:
        print_json([{"path": as_written(run.run.path), **document(run)} for run in chosen])
        return 0
    if chosen:
        console = Terminal()
        left_out = print_runs(console, chosen, datetime.now(UTC))
        if left_out:
            say(f"not shown on {console.width} columns: {', '.join(left_out)}", file=sys.stderr)
    _tell(chosen, found, folders, options)
    return 0


def _found(folders: Sequence[Path], given: bool, catalog: Catalog) -> list[Listed]:
    """Return the runs in ``folders``. Raises UnreadableError for one that was ``given`` and is none."""
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            RunDirectory.open(folder)  # which says what it is
        if given and not folder.exists():
            hint = meant(folder.name, ("show", "remove", "rename"), f"Runs are saved in {RUNS}/.", "coral runs {}")
            raise UnreadableError(f"{folder} does not exist.", hint)
    names = Names(catalog, listed=True)
    paths = {path.resolve(): (path, folder) for folder in folders for path in below(folder)}
    return [_listed(path, folder, names) for path, folder in paths.values()]


def _listed(path: Path, folder: Path, names: Names) -> Listed:
    run = overview(path)
    name = path.relative_to(folder).as_posix() if path != folder else path.resolve().name
    if not run.flags:
        return Listed(run, name)
    sized = names.with_size(run.flags, run.metadata["assembly"]) or {}
    return Listed(run, name, names.with_method(run.flags).get("method"), sized.get("size"))


def _wanted(run: Listed, options: ListOptions) -> bool:
    asked = ((options.state, run.run.state), (options.env, run.task), (options.method, run.agent))
    return all(not wanted or value in wanted for wanted, value in asked)


def _sorted(runs: Sequence[Listed], options: ListOptions) -> list[Listed]:
    by_name = sorted(runs, key=KEYS["name"], reverse=options.reverse and options.sort == "name")
    key = KEYS[options.sort]
    known = [run for run in by_name if key(run) is not None]
    return sorted(known, key=key, reverse=options.reverse) + [run for run in by_name if key(run) is None]


def _natural(text: str) -> list[tuple[int, str]]:
    """Return what sorts ``seed10`` behind ``seed9``."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in re.split(r"(\d{1,18})", text)
    ]


def _tell(chosen: Sequence[Listed], found: Sequence[Listed], folders: Sequence[Path], options: ListOptions) -> None:
    """Say on standard error what is damaged, and why there are no runs to list."""
    damaged = [run.run.damage for run in chosen if run.run.damage]
    if damaged:
        more = f", and {len(damaged) - 1} more are damaged, too" if len(damaged) > 1 else ""
        say(f"warning: {sentence(as_written(damaged[0].message.rstrip('.')))}{more}.", file=sys.stderr)
    if not found:
        places = ", ".join(as_written(folder) for folder in folders)
        say(f"no runs in {places}: `coral train` makes them, in {RUNS}/ unless --out says otherwise", file=sys.stderr)
    elif not chosen:
        say(f"none of the {len(found)} runs{_narrow(found, options)}", file=sys.stderr)


def _narrow(found: Sequence[Listed], options: ListOptions) -> str:
    """Say what no run has, with what may have been meant."""
    said = ""
    for flag, wanted, known in (
        ("state", options.state, {run.run.state for run in found}),
        ("env", options.env, {run.task for run in found}),
        ("method", options.method, {run.agent for run in found}),
    ):
        if wanted and not known & set(wanted):
            near = [other for word in wanted if (other := nearest(word, known))] if flag != "state" else []
            said += f" has --{flag} {','.join(wanted)}" + (f"; did you mean {near[0]}?" if near else "")
    return said or " has all of that"


def add(app: typer.Typer) -> None:
    """Add ``coral runs``."""
    runs = typer.Typer(cls=Runs, help=HELP + CHOOSING, add_completion=False)
    argument = ("dir", f"Folders of runs (default: {RUNS}).")
    flags = flags_from(ListOptions(), metavars={"state": "STATE,...", "sort": "COLUMN"})
    runs.command("list", cls=Command, help=HELP)(signed(list_runs, flags, argument, many=True, optional=True))
    for command in (runs_show, runs_change):
        command.add(runs)
    app.add_typer(runs, name="runs")
