"""``coral study``: questions that the paper leaves open, answered by runs of your own."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.commands import sweep
from coral_cli.commands.output import csv_file, print_json
from coral_cli.commands.report import PICTURES
from coral_cli.commands.spanning import Spanned, spanning
from coral_cli.commands.sweep import SweepOptions
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written, typed
from coral_cli.registry.stopping import Stopped
from coral_cli.registry.terminal import say
from coral_cli.sessions.requests import ProbeRequest
from coral_cli.study.grid import SEED, axes
from coral_cli.study.plan import FILE, SWEEPS, Planned, read_plan
from coral_cli.study.questions import LOSSES, QUESTIONS, SOURCE, TRANSFER, Question, combined
from coral_cli.study.requests import SweepRequest
from coral_cli.study.transferring import transfers

if TYPE_CHECKING:
    from coral_cli.commands.answering import Outcome
    from coral_cli.report.relative import HeatMap

HELP = """Answer a question that the paper leaves open, with runs of your own.

Without a name, list the questions. As in `coral sweep`, flags of `coral train` may stand before the --, in place of the
question's own values or as more to combine, and behind it for every run: `coral study loss-by-distraction --env
cartpole-swingup --seeds 2 --jobs 2 -- --size small --steps 50k`. In the end stands a heat map; what is not finished is
said to be so. The same command goes on with what is not done."""
SEEDS = 2
EPISODES = 20
"""Episodes of a probe: five of them judge. Of twelve, a linear reader of many latents learns too little."""


@dataclass(frozen=True)
class StudyOptions(SweepOptions):
    """Options of ``coral study``: those of a sweep, and where its answer goes."""

    seeds: Annotated[int | None, Help("Seeds of each combination (default: 2).", min=1, max=10_000)] = None
    source_steps: Annotated[
        int | None, Help("Environment steps of what weights are taken over from (transfer; default: --steps).", min=1)
    ] = None
    show: Annotated[bool, Help("Train nothing: tell of what there is so far.")] = False
    probe: Annotated[bool, Help("With --show: also look into the latents of what is done (loss-by-distraction).")] = (
        False
    )
    probe_episodes: Annotated[int | None, Help("Episodes of each probe (default: 20).", min=3)] = None
    picture: Annotated[str | None, Help("Also draw the heat map (.png, .svg, .pdf).")] = None
    csv: Annotated[str | None, Help("Also write a line for each square to this file.")] = None


@dataclass(frozen=True)
class StudyRequest:
    """The request of ``coral study``: the question, the runs that answer it, and files for the answer.

    ``sweep`` carries the runs out; None where they are only to be shown. ``probe`` asks for what is in the latents, of
    each run that it does not name; None where that is not asked for.
    """

    question: Question
    runs: Sequence[Planned]
    folder: Path
    json: bool
    sweep: SweepRequest | None
    picture: Path | None
    csv: Path | None
    probe: ProbeRequest | None = None


def study(context: typer.Context, given: Given, words: Spanned) -> int:
    """List the questions, or answer one of them."""
    options, rest = taken(StudyOptions(), given)
    names = rest.pop("name", [])
    if not names:
        if any(words):
            raise UsageError("there is no name of a question.", f"Write one of: {', '.join(QUESTIONS)}.")
        return _list(options.json)
    if len(names) > 1:
        raise UsageError(f"{names[1]!r} is a second name.", "Answer one question after another.")
    if names[0] not in QUESTIONS:
        hint = meant(names[0], QUESTIONS, f"There are: {', '.join(QUESTIONS)}.")
        raise UsageError(f"there is no question {names[0]!r}.", hint)
    return run_session(_request(QUESTIONS[names[0]], options, rest, words, context.obj))


def _request(question: Question, options: StudyOptions, rest: Given, words: Spanned, catalog: Catalog) -> StudyRequest:
    if options.show and options.dry_run:
        raise UsageError("--show and --dry-run exclude each other.", "--show tells of runs, --dry-run of the plan.")
    if options.source_steps and question is not TRANSFER:
        raise UsageError("--source-steps belongs to transfer.", "Leave it out.")
    probe = _probe(question, options, catalog)
    picture, csv = _picture(options.picture), csv_file(options.csv)
    begun = _begun(question, options)
    without = not any(words) and options.seeds is None and options.source_steps is None
    if begun and options.show and without:
        return StudyRequest(question, read_plan(begun).runs, begun, options.json, None, picture, csv, probe)
    spanned, fixed, notes = combined(question, axes(words[0]), words[1])
    given = any(flag == SEED for flag, _ in (*words[0], *words[1]))
    spanned, fixed = sweep.seeded(spanned, fixed, options.seeds or (None if given else SEEDS))
    plan = None
    if question is TRANSFER:
        plan, more = transfers(spanned, fixed, options.source_steps)
        notes += more
    apart = [axis for axis in spanned if axis.flag != SOURCE]  # whose flags stand in for those of the target
    asked = sweep.request_of(apart, fixed, options, rest, catalog, f"study-{question.name}", plan)
    if begun and without and (picture or csv) and not options.show and asked.folder != begun:
        raise UsageError(
            f"{begun} was begun with other flags, and this would begin {len(asked.runs)} other runs in {asked.folder}.",
            "Add --show to tell of what there is; to train them all the same, name their --out.",
        )
    for note in notes:
        say(f"note: {note}", file=sys.stderr)
    todo = None if options.show else replace(asked, again=typed() or asked.again)
    if options.show and not asked.folder.is_dir():
        say(f"note: there is no run of it yet: {as_written(asked.folder)} does not exist.", file=sys.stderr)
        if begun:
            say(f"note: {as_written(begun)} is of other flags: leave yours out to see it.", file=sys.stderr)
    runs = [run.planned for run in asked.runs]
    return StudyRequest(question, runs, asked.folder, options.json, todo, picture, csv, probe)


def _begun(question: Question, options: StudyOptions) -> Path | None:
    """Return the directory whose plan says what --show tells of; None where none was begun."""
    folder = absolute(options.out or SWEEPS / f"study-{question.name}")
    return folder if (folder / FILE).is_file() else None


def _probe(question: Question, options: StudyOptions, catalog: Catalog) -> ProbeRequest | None:
    """Return what is asked of each finished run: readers alone. Raises UsageError where no latent is to be shown."""
    if options.probe_episodes and not options.probe:
        raise UsageError("--probe-episodes says how long a probe is, and there is none.", "Add --probe.")
    if not options.probe:
        return None
    if question is not LOSSES:
        raise UsageError(f"--probe belongs to {LOSSES.name}.", "Leave it out; `coral probe RUN` looks into any agent.")
    if not options.show:
        raise UsageError("--probe goes with --show.", "Let the runs finish, then add --show.")
    return ProbeRequest(
        checkpoints=(),
        catalog=catalog,
        episodes=options.probe_episodes or EPISODES,
        updates=0,
        seed=None,
        camera=None,
        explore=False,
        embeddings=False,
        out=None,
        device="auto",
        renderer="auto",
        json=options.json,
        quiet=options.quiet,
    )


def _picture(text: str | None) -> Path | None:
    """Return a picture's absolute path. Raises UsageError for a name that does not end as one."""
    if text is not None and Path(text).suffix.lower() not in PICTURES:
        hint = f"Write --picture {shlex.quote(text + PICTURES[0])}."
        raise UsageError(f"--picture is {text!r}, but pictures are {', '.join(PICTURES)} files.", hint)
    return None if text is None else absolute(text)


def _list(as_json: bool) -> int:
    found = QUESTIONS.values()
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "summary": one.summary,
                    "axes": {flag: list(values) for flag, values in one.axes.items()},
                    "flags": dict(one.fixed),
                }
                for one in found
            ]
        )
        return 0
    rows = [(one.name, _spans(one), one.summary) for one in found]
    print_table(Terminal(), ("question", "varies", "what"), rows)
    return 0


def _spans(question: Question) -> str:
    """Say how many values of what a question varies: ``8 distraction x 4 image-loss``."""
    return " x ".join(f"{len(values)} {flag}" for flag, values in question.axes.items() if len(values) > 1)


def run_session(request: StudyRequest) -> int:
    """Train, and tell what there is to tell, also when it was stopped or a run has failed."""
    asked = request.sweep
    failed: CoralError | None = None
    code = 0
    if asked is not None:
        try:
            code = sweep.run_session(asked)
        except CoralError as error:
            if error.exit_code != 1 or asked.dry_run:
                raise
            failed = error
    if asked is None or not asked.dry_run:
        _answer(request)
    if failed:
        raise failed
    return code


def _answer(request: StudyRequest) -> None:
    """Print the heat maps, and write the files that were asked for; here NumPy is imported."""
    from coral_cli.commands.answering import curves, heat_maps, outcomes
    from coral_cli.commands.heat import legend, text_of
    from coral_cli.report.relative import document, write_csv

    found = outcomes(request.question, request.runs, request.folder)
    stopped = _look(request.probe, found) if request.probe else None
    maps = heat_maps(request.question, found, with_probes=request.probe is not None)
    if request.csv is not None:
        write_csv(request.csv, maps)
    if request.picture is not None:
        from coral_cli.report.heat import save

        save(maps, curves(request.question, found), request.picture, text_of, legend)
    answer = {"kind": "answer", "question": request.question.name, "maps": [document(heat) for heat in maps]}
    if request.json:
        say(json.dumps(answer, indent=None if request.sweep else 2))
    else:
        _print(request, maps)
    if stopped:
        raise stopped


def _look(request: ProbeRequest, found: Sequence[Outcome]) -> Stopped | None:
    """Look into what is finished; return what has ended that before its time, as what is known is to be told."""
    from coral_cli.commands.study_probes import look_into

    try:
        look_into(found, request)
    except Stopped as stopped:
        return stopped
    return None


def _print(request: StudyRequest, maps: Sequence[HeatMap]) -> None:
    from coral_cli.commands.heat import print_heat

    console = Terminal()
    for index, heat in enumerate(maps):
        if index or request.sweep:
            console.print()
        print_heat(console, heat)
    for file in filter(None, (request.picture, request.csv)):
        console.print(f"written: {as_written(file)}", soft_wrap=True)


OWN = [
    flag
    for flag in flags_from(
        StudyOptions(), "Study", {"out": "DIR", "on": "ENGINE", "picture": "FILE", "csv": "FILE.csv"}
    )
    if flag.name != "resume"
]


def add(app: typer.Typer) -> None:
    """Add ``coral study``."""
    argument = ("name", "The question, such as `loss-by-distraction`; without one, they are listed.")
    app.command("study", cls=spanning(study, OWN, argument), help=HELP)(lambda: None)
