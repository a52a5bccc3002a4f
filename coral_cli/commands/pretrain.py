"""``coral pretrain``: train a representation on recorded episodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.resolve import command_line, resolve
from coral_cli.assembly.resume import repeated, resumed, saved_assembly
from coral_cli.assembly.slots import DISTRACTION, ENV, OBSERVER, POLICY
from coral_cli.assembly.two_phase import Scope, of_run, two_phase
from coral_cli.commands.output import DebugFlag, QuietFlag, documents
from coral_cli.commands.place import AUTO_RESUME, place_of
from coral_cli.commands.rehearsed import rehearse
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute
from coral_cli.registry.sensors import Fit
from coral_cli.runs.directory import RunDirectory
from coral_cli.sessions.requests import PretrainRequest

HELP = """Train a representation on a dataset, without an environment or a policy.

The dataset (see `coral rollout`) says which sensors there are. `coral train --init-from RUN` takes the result over."""


@dataclass(frozen=True)
class PretrainOptions:
    """Options of ``coral pretrain``: on what, how long, and where to."""

    data: Annotated[str | None, Help("A dataset's directory.")] = None
    rename: Annotated[
        tuple[str, ...], Help("Call a sensor as another task does, as in front=image; may be repeated.")
    ] = ()
    fit: Annotated[
        Fit, Help("How larger pictures of another shape become smaller ones: with black bars, cut off, or distorted.")
    ] = "pad"
    updates: Annotated[int, Help("Gradient updates to train for.", min=1)] = 50_000
    checkpoint_every: Annotated[int, Help("Updates between checkpoints.", min=1)] = 2_000
    out: Annotated[str | None, Help("This directory becomes the run (default: runs/NAME).")] = None
    resume: Annotated[str | None, Help("Go on with this run. Needs no other flag.")] = None
    auto_resume: Annotated[bool, Help(AUTO_RESUME)] = False
    dry_run: Annotated[bool, Help("Do an update, show the assembly and its cost, write nothing.")] = False
    json: Annotated[bool, Help("Print one JSON line per event on standard output.")] = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def of_data(written: Given, catalog: Catalog) -> Mapping[str, Json]:
    """Return the flags of the run to go on with; else the dataset's environment and a policy that learns nothing."""
    if written.get("resume") or not written.get("data"):
        return {**of_run(written, catalog), POLICY.flag: "random"}
    from coral_cli.assembly.of_data import flags_of_data, renaming
    from coral_cli.runs.dataset import open_dataset

    names = renaming([word for word in str(written.get("rename") or "").split(",") if word.strip()])
    dataset = open_dataset(absolute(str(written["data"]))).renamed(names)
    return {**flags_of_data(dataset, catalog), POLICY.flag: "random"}


SETTINGS = ("sensors", "seed", "device", "precision", "batch_size", "batch_length", "model_lr", "model_clip")
HEADS = ("head_hidden", "head_layers", "reward_weight", "inverse_dynamics")
WEIGHTS = ("freeze", "init_from", "init_parts")
SCOPE = Scope(
    slots=lambda slot: slot not in (ENV, POLICY) and slot.kind != DISTRACTION,
    settings=(*SETTINGS, *HEADS, *WEIGHTS, "image_size", "crop_margin", OBSERVER),
    shorthands=True,
    base=of_data,
)


def pretrain(context: typer.Context, given: Given) -> int:
    """Resolve the flags and run a session."""
    options, rest = taken(PretrainOptions(), given)
    return run_session(_request(options, given.keys(), rest, context.obj))


def run_session(request: PretrainRequest) -> int:
    """Train, or rehearse; here torch is imported, and not before."""
    from coral_cli.display.selection import make_display
    from coral_cli.parallel.torchrun import follows
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.pretrain import dry_run
    from coral_cli.sessions.pretrain import pretrain as run

    if request.dry_run:
        return 0 if follows() else rehearse(lambda: dry_run(request), request.json)
    err = Terminal(stderr=True)
    with (
        documents(request.json) as out,
        make_display(out, err, json=request.json, quiet=request.quiet or follows()) as display,
    ):
        return run(request, display)


def _request(options: PretrainOptions, written: Collection[str], given: Given, catalog: Catalog) -> PretrainRequest:
    """Say what to run; ``written`` are the names of all flags that were."""
    from coral_cli.assembly.of_data import renaming

    place = place_of(options.out, options.resume, options.auto_resume)
    place.require_kind(pretrained=True)
    metadata = RunDirectory.open(place.there).read_metadata() if place.there else {}
    data, updates, every = options.data, options.updates, options.checkpoint_every
    rename, fit = list(options.rename), options.fit
    if metadata:
        again = place.again
        rename = _same("rename", rename, metadata.get("rename", []), again or "rename" in written, again)
        compared = "fit" in written or (again and "fit" in metadata)  # what lacks it took the middle, unasked
        fit = _same("fit", fit, metadata.get("fit", "crop"), compared, again)
    if options.resume and place.there:
        assembly, _ = resumed(saved_assembly(place.there), given, catalog)
        updates = updates if "updates" in written else metadata["updates"]
        every = every if "checkpoint-every" in written else metadata["checkpoint_every"]
    elif data is None:
        raise UsageError("--data is missing.", "Record a dataset with `coral rollout --out DIR`, then --data DIR.")
    else:
        assembly = resolve({**of_data({"data": data, "rename": ",".join(rename)}, catalog), **given}, catalog)
        if place.there:
            assembly, _ = repeated(assembly, place.there, catalog)
    data = _same_data(data, metadata["data"], place.again) if metadata else data
    assert data is not None
    words = [*(("--rename", ",".join(rename)) if rename else ()), *(("--fit", fit) if fit != "pad" else ())]
    command = command_line(
        assembly,
        catalog,
        ("coral", "pretrain", "--data", data, "--updates", str(updates), *words),
        without=(ENV.flag, POLICY.flag, "render-quality"),
    )
    return PretrainRequest(
        assembly,
        catalog,
        command,
        absolute(data),
        updates,
        every,
        place.out,
        place.resume,
        renaming(rename),
        fit,
        place.again,
        options.dry_run,
        options.json,
        options.quiet,
    )


def _same(flag: str, asked: Json, own: Json, compared: bool, again: bool) -> Any:
    """Return what a run was started with. Raises UsageError where something else is asked for."""
    if compared and asked != own:
        said, before = (",".join(value) if isinstance(value, list) else value for value in (asked, own))
        hint = "Choose another --out." if again else "Leave it out."
        raise UsageError(f"--{flag} is {said or 'not there'}, but the run was started with {before or 'none'}.", hint)
    return own


def _same_data(asked: str | None, own: str, again: bool) -> str:
    """Return where a run's dataset lies: where it lay, unless it is gone. Raises UsageError for another."""
    if asked is None or absolute(asked) == absolute(own):
        return own
    if absolute(own).exists():
        hint = "Choose another --out." if again else "Leave it out."
        raise UsageError(f"--data is {asked}, but the run was started with {own}.", hint)
    return asked


def add(app: typer.Typer) -> None:
    """Add ``coral pretrain``."""
    metavars = {"data": "DIR", "out": "DIR", "resume": "RUN", "rename": "OLD=NEW,..."}
    own = flags_from(PretrainOptions(), "Pretraining", metavars)
    app.command("pretrain", cls=two_phase(pretrain, own, SCOPE), help=HELP)(lambda: None)
