"""``coral eval``: run episodes of a saved agent with its mean action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.record import Assembly
from coral_cli.assembly.slots import ENV
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.display.tables import print_evaluation, print_losses
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.runs.checkpoint import read_record
from coral_cli.runs.directory import find_checkpoint
from coral_cli.sessions.requests import EvalRequest

HELP = "Evaluate a checkpoint with the mean action, and film it."
AUTO = "auto"
SUFFIX = ".mp4"
FILMS = (SUFFIX, ".avi", ".gif", ".mkv", ".mov", ".webm")
"""A word after ``--video`` with such an end is the video's path, be it one of a kind that is not made."""


@dataclass(frozen=True)
class EvalOptions:
    """Options of ``coral eval``; everything else is in the checkpoint."""

    episodes: Annotated[int, Help("Episodes to run.", min=1)] = 20
    seed: Annotated[int | None, Help("Seed of the episodes (default: the run's).", min=0, max=2**63 - 1)] = None
    video: Annotated[str | None, Help("Film the episodes; without PATH, into the run's videos/.")] = None
    losses: Annotated[bool, Help("Also tell the losses on these episodes, beside those of training.")] = False
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    renderer: Annotated[Literal["auto", "egl", "osmesa", "raycast"], Help("What draws.")] = "auto"
    env: Annotated[str | None, Help("Allow the checkpoint's environment to run, where it is Python code.")] = None
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


class Eval(Command):
    """The command ``eval``, whose ``--video`` may stand alone, which Typer has no word for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a lone ``--video`` its value first."""
        return super().parse_args(ctx, complete_video(args))


def complete_video(args: Sequence[str]) -> list[str]:
    """Write ``--video`` as ``--video=auto``, unless a video's path follows (so that a checkpoint may follow)."""
    return [
        f"--video={AUTO}" if word == "--video" and not (following or "").lower().endswith(FILMS) else word
        for word, following in zip_longest(args, args[1:])
    ]


def evaluate(context: typer.Context, given: Given) -> int:
    """Run an evaluation session."""
    options, rest = taken(EvalOptions(), given)
    checkpoint = absolute(rest["checkpoint"])
    if options.env is not None:
        _allow(options.env, checkpoint, context.obj)
    request = EvalRequest(
        checkpoint=checkpoint,
        catalog=context.obj,
        episodes=options.episodes,
        seed=options.seed,
        video=_video(options.video),
        device=options.device,
        renderer=options.renderer,
        losses=options.losses,
        json=options.json,
    )
    return run_session(request)


def run_session(request: EvalRequest) -> int:
    """Evaluate; here torch is imported, and not before."""
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.eval import evaluate as run

    with documents(request.json):
        result = run(request)
    if request.json:
        paths = {"checkpoint": as_written(result.checkpoint), "video": result.video and as_written(result.video)}
        print_json(asdict(result) | paths)
        return 0
    console = Terminal()
    if result.statistics:
        print_evaluation(console, result.statistics)
    if result.losses is not None:
        if result.statistics:
            console.print()
        print_losses(console, result.losses.here, result.losses.training)
    if result.video is not None:
        console.print(f"video {as_written(result.video)}", soft_wrap=True)
    return 0


def _allow(env: str, checkpoint: Path, catalog: Catalog) -> None:
    """Let the checkpoint's environment run. Raises UsageError when ``env`` is another one."""
    named = catalog.get(ENV.kind, env)
    trained = Assembly.from_json(read_record(find_checkpoint(checkpoint)).get("assembly")).choices[ENV.name]
    if (named.record.name, named.distribution) != (trained.component, trained.distribution):
        raise UsageError(
            f"--env is {env}, but {checkpoint} was trained in {trained.component}.",
            "Leave --env out: a checkpoint brings its own environment.",
        )


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
    argument = ("checkpoint", "A checkpoint, or a run directory for its latest one.")
    flags = flags_from(EvalOptions(), metavars={"video": "[PATH.mp4]", "env": "MODULE:CALLABLE"})
    app.command("eval", cls=Eval, help=HELP)(signed(evaluate, flags, argument))
