"""``coral runs remove`` and ``coral runs rename``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import size
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say, sentence, visible
from coral_cli.runs.directory import RUNS, RunDirectory
from coral_cli.runs.files import writing
from coral_cli.runs.finding import below, disk_space, named
from coral_cli.runs.overview import overview

YES = ("y", "yes")


@dataclass(frozen=True)
class RemoveOptions:
    """Options of ``coral runs remove``: whether to ask."""

    yes: Annotated[bool, Help("Do not ask.")] = False
    json: JsonFlag = False
    debug: DebugFlag = False


@dataclass(frozen=True)
class RenameOptions:
    """Options of ``coral runs rename``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


def remove(context: typer.Context, given: Given) -> int:
    """Remove runs with all that is in them, for good. Runs in training are refused, and what is no run."""
    options, given = taken(RemoveOptions(), given)
    runs = {run.path.resolve(): run for run in map(_resting, given["run"])}
    spaces = {path: disk_space(path) for path in runs}
    if not options.yes and not _agreed(list(runs.values()), sum(spaces.values()), options.json):
        say("nothing was removed", file=sys.stderr)
        return 1
    removed = []
    for path, run in runs.items():
        _remove(run)
        removed.append({"path": as_written(run.path), "disk_bytes": spaces[path]})
        if not options.json:
            say(f"removed {sentence(as_written(run.path))}, {size(spaces[path])}")
    if options.json:
        print_json(removed)
    return 0


def rename(context: typer.Context, given: Given) -> int:
    """Give a run another name, in the same folder. One in training is refused."""
    options, given = taken(RenameOptions(), given)
    run, name = _resting(given["run"]), given["name"]
    if name != Path(name).name or name in ("", ".", "..") or name.startswith(("-", ".")) or visible(name) != name:
        raise UsageError(f"{name!r} is no name of a run.", "Give a word, not a path: the run stays in its folder.")
    path = run.path.resolve()  # it may be called ..
    target = path.with_name(name)
    absolute(target)  # which says whether a file may be called so
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already.", "Choose another name.")
    with run.held(), writing(target):
        path.rename(target)
    written = Path(as_written(run.path))
    new = str(written.with_name(name) if written.name not in ("", "..") else target)
    if options.json:
        print_json({"from": as_written(run.path), "path": new})
    else:
        say(f"{sentence(as_written(run.path))} is now {sentence(new)}")
    return 0


def _resting(text: str) -> RunDirectory:
    """Return the run that ``text`` names, in which nobody trains.

    Raises UsageError for one in training or a link, and UnreadableError for what is no run.
    """
    run = named(text)
    if run.path.is_symlink():
        raise UsageError(f"{run.path} is a link to {run.path.resolve()}.", "Name the run that it leads to.")
    _require_run(run)
    if overview(run.path).state == "training":
        raise UsageError(f"{run.path} is in training.", "Stop it first.")
    return run


def _require_run(run: RunDirectory) -> None:
    """Raise UnreadableError where a run.json is another program's, and UsageError where runs lie beneath it."""
    if "assembly" not in run.read_metadata():
        raise UnreadableError(
            f"{run.path} is no run: its run.json names no assembly.", "If it is one that is damaged, remove it by hand."
        )
    folders = [path for path in run.path.iterdir() if path.is_dir() and not path.is_symlink()]
    inner = next((path for folder in folders if folder != run.replay for path in below(folder)), None)
    if inner is not None:
        raise UsageError(f"{run.path} holds another run, {inner.name}.", "Move that elsewhere first.")


def _agreed(runs: Sequence[RunDirectory], space: int, json: bool) -> bool:
    """Ask on the terminal. Raises UsageError where there is none."""
    if json or not asks():
        raise UsageError("there is nobody to ask whether to remove runs for good.", "Add --yes.")
    for run in runs:
        say(sentence(as_written(run.path)), file=sys.stderr)
    what = "this run" if len(runs) == 1 else f"these {len(runs)} runs"
    say(f"Remove {what} ({size(space)}) for good? [y/N]", file=sys.stderr)
    return sys.stdin.readline().strip().lower() in YES


def asks() -> bool:
    """Return whether somebody sits at a terminal who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _remove(run: RunDirectory) -> None:
    """Remove all that is in a run's directory, its run.json last: what is left of an interruption is still a run."""
    with run.held(), writing(run.path):
        for path in run.path.iterdir():
            if path != run.metadata:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        run.metadata.unlink()
        run.path.rmdir()


def add(runs: typer.Typer) -> None:
    """Add ``coral runs remove`` and ``coral runs rename``."""
    argument = ("run", f"Runs: their directories, or their names in {RUNS}/.")
    runs.command("remove", cls=Command)(signed(remove, flags_from(RemoveOptions()), argument, many=True))
    argument = ("run", f"A run: its directory, or its name in {RUNS}/.")
    new = ("name", "Its new name: a word.")
    runs.command("rename", cls=Command)(signed(rename, flags_from(RenameOptions()), argument, second=new))
