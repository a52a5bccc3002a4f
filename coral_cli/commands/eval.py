"""``coral eval``: run episodes of a saved agent with its mean action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from coral_cli.assembly.arguments import with_arguments
from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.slots import DISTRACTION
from coral_cli.assembly.two_phase import gathered
from coral_cli.assembly.typer_surface import Command, Reading
from coral_cli.commands.conditions import BETWEEN, allow, conditions, surroundings
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, csv_file, documents, print_json
from coral_cli.display.tables import print_evaluation, print_losses
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.runs.finding import agents_in
from coral_cli.sessions.requests import EvalRequest, RobustnessRequest

HELP = """Evaluate checkpoints with the mean action, and film them: as they were trained, or under other conditions.

Several checkpoints, or several conditions (--under), make a table, on the same episodes for all. With CHECKPOINT,
`--help` lists the options of its environment and of each `--distraction`."""

AUTO = "auto"
SUFFIX = ".mp4"
FILMS = (SUFFIX, ".avi", ".gif", ".mkv", ".mov", ".webm")
"""A word after ``--video`` with such an end is the video's path, be it one of a kind that is not made."""


@dataclass(frozen=True)
class EvalOptions:
    """Options of ``coral eval``; everything else is in the checkpoint."""

    episodes: Annotated[int, Help("Episodes to run.", min=1)] = 20
    seed: Annotated[int | None, Help("Seed of the episodes (default: the first run's).", min=0, max=2**63 - 1)] = None
    video: Annotated[str | None, Help("Film the episodes; without PATH, into the run's videos/.")] = None
    losses: Annotated[bool, Help("Also tell the losses on these episodes, beside those of training.")] = False
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    renderer: Annotated[Literal["auto", "egl", "osmesa", "raycast"], Help("What draws.")] = "auto"
    env: Annotated[str | None, Help("Allow the checkpoint's environment to run, where it is Python code.")] = None
    under: Annotated[
        str | None,
        Help(
            "A condition: own (as trained), clean or distractions, and flags in the same quotation marks: "
            "'disks --env.OPTION VALUE'. Repeat the flag for several. 'NAME=...' gives it a name."
        ),
    ] = None
    csv: Annotated[str | None, Help("Also write the table to this file, a line for each checkpoint and condition.")] = (
        None
    )
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


METAVARS = {"video": "[PATH.mp4]", "env": "MODULE:CALLABLE", "csv": "FILE.csv", "under": "CONDITION"}
OWN = tuple(
    replace(flag, group="Conditions") if flag.name in ("under", "csv") else flag
    for flag in flags_from(EvalOptions(), metavars=METAVARS)
)
ARGUMENT = ("checkpoint", "Checkpoints, or run directories for their latest ones, or folders of such.")


class Eval(Command):
    """The command ``eval``: its checkpoint says which options there are, and ``--video`` may stand alone."""

    def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
        """Read the checkpoint first, where there is one."""
        catalog: Catalog = given
        words = with_arguments(gathered(gathered(complete_video(words), DISTRACTION), "under", BETWEEN))
        around = surroundings(words, OWN, catalog, tolerant=completing)
        body = signed(evaluate, (*OWN, *around.flags(catalog)), ARGUMENT, many=True)
        return Reading(words, body, lambda unknown: around.unknown(unknown, OWN, catalog))


def complete_video(args: Sequence[str]) -> list[str]:
    """Write ``--video`` as ``--video=auto``, unless a video's path follows (so that a checkpoint may follow)."""
    return [
        f"--video={AUTO}" if word == "--video" and not (following or "").lower().endswith(FILMS) else word
        for word, following in zip_longest(args, args[1:])
    ]


def evaluate(context: typer.Context, given: Given) -> int:
    """Run a session: of one agent, or of several agents and conditions."""
    options, rest = taken(EvalOptions(), given)
    checkpoints = agents_in([absolute(text) for text in rest.pop("checkpoint")])
    catalog: Catalog = context.obj
    if options.env is not None:
        for checkpoint in checkpoints:
            allow(options.env, checkpoint, catalog)
    found = conditions(options.under, rest, checkpoints, OWN, catalog)
    if len(checkpoints) == 1 and options.under is None and options.csv is None:
        request = EvalRequest(
            checkpoint=checkpoints[0],
            catalog=catalog,
            episodes=options.episodes,
            seed=options.seed,
            video=_video(options.video),
            device=options.device,
            renderer=options.renderer,
            losses=options.losses,
            json=options.json,
            quiet=options.quiet,
            condition=found[0] if rest else None,
        )
        return run_session(request)
    _require_simple(options)
    from coral_cli.commands import robustness

    several = RobustnessRequest(
        checkpoints=checkpoints,
        conditions=found,
        catalog=catalog,
        episodes=options.episodes,
        seed=options.seed,
        videos=options.video is not None,
        csv=csv_file(options.csv),
        device=options.device,
        renderer=options.renderer,
        json=options.json,
        quiet=options.quiet,
    )
    return robustness.run_session(several)


def _require_simple(options: EvalOptions) -> None:
    """Raise UsageError for what a table has no room for."""
    if options.losses:
        raise UsageError("--losses tells of one agent under one condition.", "Leave --losses out, or the others.")
    if options.video not in (None, AUTO):
        raise UsageError(
            f"--video {options.video} names one film, but there is one of each agent under each condition.",
            "Write --video alone: they go into the videos/ of their runs.",
        )


def run_session(request: EvalRequest) -> int:
    """Evaluate; here torch is imported, and not before."""
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.eval import evaluate as run

    with documents(request.json):
        result = run(request)
    if request.json:
        paths = {"checkpoint": as_written(result.checkpoint), "video": result.video and as_written(result.video)}
        known = request.condition
        condition = {"condition": {"name": known.name, "flags": known.flags}} if known else {}
        print_json(asdict(result) | paths | condition)
        return 0
    console = Terminal()
    if request.condition:
        console.print(f"under {request.condition.name}: {request.condition.flags or 'no distraction'}", soft_wrap=True)
    if result.statistics:
        print_evaluation(console, result.statistics)
    if result.losses is not None:
        if result.statistics:
            console.print()
        print_losses(console, result.losses.here, result.losses.training)
    if result.video is not None:
        console.print(f"video {as_written(result.video)}", soft_wrap=True)
    return 0


def _video(text: str | None) -> Path | Literal["auto"] | None:
    if text is None:
        return None
    if text == AUTO:
        return "auto"
    if not text.lower().endswith(SUFFIX):
        raise UsageError(f"--video is {text!r}, but videos are {SUFFIX} files.", f"Write --video {_film(text)}.")
    return absolute(text)


def _film(text: str) -> str:
    """Return what a video's path was meant to be: another ending gives way."""
    path = Path(text)
    return str(path.with_suffix(SUFFIX)) if path.suffix.lower() in FILMS else f"{text}{SUFFIX}"


def add(app: typer.Typer) -> None:
    """Add ``coral eval``."""
    app.command("eval", cls=Eval, help=HELP)(lambda: None)
