"""``coral``: the commands, and errors to exit codes."""

from __future__ import annotations

import io
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Annotated

import typer

from coral_cli import builtin
from coral_cli.assembly.flags import split_plugins
from coral_cli.assembly.typer_surface import Part, group_of, run, usage_error
from coral_cli.parallel.torchrun import follows
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import CoralError, described, frames_of
from coral_cli.registry.places import absolute, as_written, started
from coral_cli.registry.records import Command
from coral_cli.registry.stopping import Stopped, came
from coral_cli.registry.terminal import say, sentence
from coral_cli.sessions.process import hold_memory, spin_briefly
from coral_cli.version import __version__

HELP = "Learn joint representations of several sensors, and policies that act on them."

COMMANDS = (
    ("train", "Train an agent assembled from components, or go on with a run."),
    (
        "watch",
        "Show how a run goes on, in another terminal than its own, until it ends; of one that has ended, its end.",
    ),
    ("sweep", "Train every combination of values, several runs at a time."),
    ("reproduce", "Train what the paper compares, and set the returns beside its own."),
    ("study", "Answer a question that the paper leaves open, with runs of your own."),
    (
        "eval",
        "Evaluate checkpoints with the mean action, and film them: as they were trained, or under other conditions.",
    ),
    ("compare", "Show runs beside each other: the flags that differ, how each ends, and their curves on one axis."),
    ("probe", "Look into a saved agent: what its latent holds, foresees and looks at."),
    ("report", "Compare runs: the interquartile mean over seeds, with its 95 % interval."),
    ("export", "Write a trained agent as a folder that other programs run, without coral."),
    ("rollout", "Record episodes into a dataset, for `coral pretrain` and other programs."),
    ("pretrain", "Train a representation on a dataset, without an environment or a policy."),
    ("bench", "Measure where the time of a training goes here: updates, environment, memory."),
    ("methods", "List the named methods (`coral train --method NAME`) and the flags that each stands for."),
    ("doctor", "Check that coral can compute, draw, film and write here."),
    ("runs", "List runs: what each was to be, how far it is, and whether it is training, stopped, failed or done."),
    ("data", "Import, show and check datasets: recorded episodes, for `coral pretrain`."),
    ("envs", "List environments, or show one of them."),
    ("plugins", "Show, check and begin plugins."),
)
"""Each command, in the order of help: its module in ``commands``, which is imported when it is asked for, and what help
says of it."""

GONE = 128 + signal.SIGPIPE
"""The exit code when nobody reads the output any more."""

GRACE = 5.0
"""Seconds for torchrun to end a process that follows another, since that one has failed too, and has said why."""


def main(argv: Sequence[str] | None = None, catalog: Catalog | None = None) -> int:
    """Run a command line and return its exit code; ``catalog`` stands in for what is installed."""
    _open_streams()
    args = list(sys.argv[1:] if argv is None else argv)
    with started(command=("coral", *args)):  # what is loaded, or simulated, may change the working directory
        return _main(args, catalog)


def _main(args: list[str], catalog: Catalog | None) -> int:
    completing = "_CORAL_COMPLETE" in os.environ  # the shell shows whatever is written, so write nothing else
    follower = follows()
    try:
        args, paths = split_plugins(args)
        if completing:
            _, paths = split_plugins(_line())
        spin_briefly(os.environ)
        hold_memory(os.environ)  # both before a plugin may import torch, which reads them once
        if catalog is None:
            catalog = discover(builtin, paths=[absolute(path) for path in paths])
        if not (completing or follower):
            _warn(catalog)
        code = run(application(catalog), args, "coral", catalog)
        sys.stdout.flush()
        return code
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            return GONE
        if completing or _own(stop):
            return int(stop.code or 0)
        return _report(_explained(stop, catalog))
    except Stopped as stopped:
        stopped.told = stopped.told or completing or follower
        raise
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads has gone; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GONE
    except Exception as error:
        if signalled := came():  # a library has made its own error of it
            raise signalled from error
        if "--debug" in args:
            say(traceback.format_exc().rstrip(), file=sys.stderr)
        explained = _explained(error, catalog)
        if follower:
            time.sleep(GRACE)
        return explained.exit_code if completing else _report(explained)


def _open_streams() -> None:
    """Make standard output and error take any text: escaped where their encoding lacks it, lost where closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _line() -> list[str]:
    """Return the words of the line that the shell wants to have completed."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    try:
        return shlex.split(line)
    except ValueError:  # a quote is still open
        return line.split()


def application(catalog: Catalog) -> typer.Typer:
    """Return the commands, also those of plugins; the context's ``obj`` is the catalog."""
    own = group_of([Part(name, summary, partial(_add, name)) for name, summary in COMMANDS])
    app = typer.Typer(cls=own, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
    app.callback()(_root)
    if catalog.entries(Command.kind):
        from coral_cli.commands import plugged

        plugged.add(app, catalog, {name for name, _ in COMMANDS})
    return app


def _add(name: str, app: typer.Typer) -> None:
    import_module(f"coral_cli.commands.{name}").add(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"coral {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


def _warn(catalog: Catalog) -> None:
    for plugin in catalog.loaded:
        if plugin.warning:
            say(f"warning: {sentence(plugin.warning)}", file=sys.stderr)


def _own(stop: SystemExit) -> bool:
    """Whether it is Typer's way to end, or rich's when nobody reads; else somebody's code ends the program."""
    frames = frames_of(stop)
    return bool(frames) and frames[-1][0].partition(".")[0] in ("typer", "rich")


def _explained(error: Exception | SystemExit, catalog: Catalog | None) -> CoralError:
    if isinstance(error, CoralError) and not error.frames:
        return error
    if isinstance(error, typer.TyperException):
        return usage_error(error)
    origin = catalog.origin(error) if catalog else ""
    place = f" ({origin})" if origin else ""
    what = error.message if isinstance(error, CoralError) else f"unexpected {described(error)}"
    return CoralError(f"{what}{place}", "Run it again with --debug to see the traceback.")


def _report(error: CoralError) -> int:
    say(f"error: {sentence(as_written(error.message))}", file=sys.stderr)
    if error.hint:
        say(f"hint: {sentence(as_written(error.hint))}", file=sys.stderr)
    return error.exit_code
