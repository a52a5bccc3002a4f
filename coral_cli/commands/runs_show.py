"""``coral runs show``: one run, in full."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.names import Names
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.curves import sparkline
from coral_cli.display.numbers import count, duration, number, size
from coral_cli.display.runs import Listed, age, document
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.finding import disk_space, named
from coral_cli.runs.metrics import curve, is_number, read_metrics
from coral_cli.runs.overview import Overview, moment, overview

LABEL = 12
"""The columns of a line's name."""
CURVE = 40
"""The most columns of a curve."""


@dataclass(frozen=True)
class ShowOptions:
    """Options of ``coral runs show``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


def show(context: typer.Context, given: Given) -> int:
    """Tell all that there is of one run: what it was, how far it is, what it left, and how to go on."""
    options, given = taken(ShowOptions(), given)
    directory = named(given["run"])
    run = overview(directory.path)
    if run.damage:
        raise run.damage
    names = Names(context.obj, listed=True)
    sized = names.with_size(run.flags, run.metadata["assembly"]) or {}
    method = names.with_method(run.flags).get("method")
    listed = Listed(run, directory.path.resolve().name, method, sized.get("size"))
    if options.json:
        print_json(_document(listed, directory))
        return 0
    console = Terminal()
    for label, text in lines(listed, directory, console):
        console.print(f"{label:<{LABEL}}{text}", soft_wrap=True)
    return 0


def lines(listed: Listed, directory: RunDirectory, console: Terminal) -> Iterator[tuple[str, str]]:
    """Yield what is told: a name, and what is behind it."""
    run, now = listed.run, datetime.now(UTC)
    unit = "updates" if "data" in run.metadata else "steps"
    assert run.standing is not None
    yield "run", as_written(directory.path)
    yield "state", f"{run.state}{_because(run)}"
    disturbed = f" behind {listed.distraction}" if run.flags.get("distraction") else ""
    yield "task", f"{listed.task}{disturbed}"
    yield "agent", f"{listed.agent}{f', size {listed.size}' if listed.size else ''}, seed {run.flags.get('seed')}"
    done = count(run.standing.step)
    yield unit, done if run.budget is None else f"{done} of {count(run.budget)}"
    yield from _returns(listed, directory, console)
    for number_, start in enumerate(run.metadata.get("starts", ())):
        yield "" if number_ else "started", _start(start, now)
    if run.standing.newest:
        yield "trained for", duration(run.standing.newest.seconds)
    yield "on disk", f"{size(run.space)}: {', '.join(_parts(directory))}"
    if command := run.metadata.get("command"):
        yield "command", str(command)
    if step := next_step(run):
        yield step


def _because(run: Overview) -> str:
    """Say why a run that has not come to its end goes on no more."""
    if run.state != "stopped":
        return ""
    assert run.standing is not None
    return ", by an interruption" if run.standing.end else ": its process is gone, and has not said why"


def _returns(listed: Listed, directory: RunDirectory, console: Terminal) -> Iterator[tuple[str, str]]:
    standing = listed.run.standing
    assert standing is not None
    if standing.evaluation is None:
        yield "return", "not evaluated yet"
        return
    values = curve(read_metrics(directory.metrics, ("evaluation",)), "evaluation", "return/mean")[1]
    known = [value for value in values if is_number(value)]
    line = "" if console.options.ascii_only else f"  {sparkline(known, max(8, min(CURVE, console.width - 50)))}"
    figures = f"{number(standing.last)} at {count(standing.evaluation.step)}, best {number(standing.best)}"
    yield "return", f"{figures}{line}"


def _start(start: Json, now: datetime) -> str:
    """Say when one start was, of which version, and where."""
    about: dict[str, Json] = start if isinstance(start, dict) else {}
    machine: Json = about.get("machine")
    if not isinstance(machine, dict):
        machine = {}
    gpus = machine.get("gpus")
    when = moment(about.get("time"))
    parts = [
        f"{when:%Y-%m-%d %H:%M} UTC ({age((now - when).total_seconds())} ago)" if when else "at some time",
        f"coral {about.get('coral')}" if about.get("coral") else "",
        str(about["commit"])[:10] if about.get("commit") else "",
        str(machine.get("cpu") or ""),
        *(map(str, gpus) if isinstance(gpus, list) else ()),
    ]
    return "  ".join(filter(None, parts))


def _parts(directory: RunDirectory) -> list[str]:
    """Return what takes room in a run."""
    folders = {"replay": directory.replay, "checkpoints": directory.checkpoints, "videos": directory.videos}
    return [f"{name} {size(disk_space(folder))}" for name, folder in folders.items()]


def next_step(run: Overview) -> tuple[str, str] | None:
    """Say what can be done with a run: in words, and as a command; None where nothing can."""
    directory, path = RunDirectory(run.path), shlex.quote(as_written(run.path))
    if run.state == "training":
        return "watch", f"coral watch {path}"
    if run.state == "damaged" or not directory.latest.is_file():
        return None
    if run.state == "done":
        return None if "data" in run.metadata else ("evaluate", f"coral eval {path} --video")
    return "go on", f"coral {'pretrain' if 'data' in run.metadata else 'train'} --resume {path}"


def _document(listed: Listed, directory: RunDirectory) -> dict[str, Json]:
    run = listed.run
    events = read_metrics(directory.metrics, ("evaluation",)) if directory.metrics.exists() else []
    return {
        "path": as_written(directory.path),
        **document(listed),
        "evaluations": [{"step": e.step, **e.values} for e in events if e.kind == "evaluation"],
        "flags": dict(run.flags),
        "metadata": dict(run.metadata),
    }


def add(runs: typer.Typer) -> None:
    """Add ``coral runs show``."""
    argument = ("run", "A run: its directory, or its name in runs/.")
    runs.command("show", cls=Command)(signed(show, flags_from(ShowOptions()), argument))
