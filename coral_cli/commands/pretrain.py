"""``coral pretrain``: train a representation on recorded episodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from coral_cli.assembly.assembly import Choice
from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.resolve import command_line, resolve
from coral_cli.assembly.resume import repeated, resumed, saved_assembly
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import DISTRACTION, ENV, OBSERVER, POLICY
from coral_cli.assembly.two_phase import Scope, of_run, two_phase
from coral_cli.commands.output import DebugFlag, QuietFlag, documents
from coral_cli.commands.place import AUTO_RESUME, place_of
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Help, Json, values_of, with_values
from coral_cli.registry.places import absolute
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import FormError
from coral_cli.sessions.requests import PretrainRequest

HELP = """Train a representation on a dataset, without an environment or a policy.

The dataset (see `coral rollout`) says which sensors there are. `coral train --init-from RUN` takes the result over."""


@dataclass(frozen=True)
class PretrainOptions:
    """Options of ``coral pretrain``: on what, how long, and where to."""

    data: Annotated[str | None, Help("A dataset's directory.")] = None
    updates: Annotated[int, Help("Gradient updates to train for.", min=1)] = 50_000
    checkpoint_every: Annotated[int, Help("Updates between checkpoints.", min=1)] = 2_000
    out: Annotated[str | None, Help("This directory becomes the run (default: runs/NAME).")] = None
    resume: Annotated[str | None, Help("Go on with this run. Needs no other flag.")] = None
    auto_resume: Annotated[bool, Help(AUTO_RESUME)] = False
    json: Annotated[bool, Help("Print one JSON line per event on standard output.")] = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def of_data(written: Given, catalog: Catalog) -> Mapping[str, Json]:
    """Return the flags of the run to go on with; else the dataset's environment and a policy that learns nothing."""
    if written.get("resume") or not written.get("data"):
        return {**of_run(written, catalog), POLICY.flag: "random"}
    from coral_cli.runs.dataset import INDEX, open_dataset

    place = absolute(str(written["data"]))
    metadata = open_dataset(place).metadata
    try:
        choice = Choice.from_json(metadata["env"])
        seen = {name: metadata[name] for name in ("image_size", "render_quality")}
        with_values(Settings(), seen)
        if choice.kind != ENV.kind:
            raise FormError("env is no environment")
    except (FormError, TypeError, UsageError) as error:
        raise UnreadableError(f"{place / INDEX} is damaged ({error}).") from error
    found = catalog.locate(*choice.identity)
    options = values_of(choice.options_of(found.record))
    flags = {f"{ENV.flag}.{name}": value for name, value in options.items()} | seen
    return {
        ENV.flag: catalog.name(found),
        **{name.replace("_", "-"): value for name, value in flags.items()},
        POLICY.flag: "random",
    }


SETTINGS = ("sensors", "seed", "device", "precision", "batch_size", "batch_length", "model_lr", "model_clip")
HEADS = ("head_hidden", "head_layers", "reward_weight", "inverse_dynamics")
WEIGHTS = ("freeze", "init_from", "init_parts")
SCOPE = Scope(
    slots=lambda slot: slot not in (ENV, POLICY) and slot.kind != DISTRACTION,
    settings=(*SETTINGS, *HEADS, *WEIGHTS, "crop_margin", OBSERVER),
    shorthands=True,
    base=of_data,
)


def pretrain(context: typer.Context, given: Given) -> int:
    """Resolve the flags and run a session."""
    options, rest = taken(PretrainOptions(), given)
    return run_session(_request(options, given.keys(), rest, context.obj))


def run_session(request: PretrainRequest) -> int:
    """Train; here torch is imported, and not before."""
    from coral_cli.display.selection import make_display
    from coral_cli.parallel.torchrun import follows
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.pretrain import pretrain as run

    err = Terminal(stderr=True)
    with (
        documents(request.json) as out,
        make_display(out, err, json=request.json, quiet=request.quiet or follows()) as display,
    ):
        return run(request, display)


def _request(options: PretrainOptions, written: Collection[str], given: Given, catalog: Catalog) -> PretrainRequest:
    """Say what to run; ``written`` are the names of all flags that were."""
    place = place_of(options.out, options.resume, options.auto_resume)
    place.require_kind(pretrained=True)
    metadata = RunDirectory.open(place.there).read_metadata() if place.there else {}
    data, updates, every = options.data, options.updates, options.checkpoint_every
    if options.resume and place.there:
        assembly, _ = resumed(saved_assembly(place.there), given, catalog)
        updates = updates if "updates" in written else metadata["updates"]
        every = every if "checkpoint-every" in written else metadata["checkpoint_every"]
    elif data is None:
        raise UsageError("--data is missing.", "Record a dataset with `coral rollout --out DIR`, then --data DIR.")
    else:
        assembly = resolve({**of_data({"data": data}, catalog), **given}, catalog)
        if place.there:
            assembly, _ = repeated(assembly, place.there, catalog)
    data = _same_data(data, metadata["data"], place.again) if metadata else data
    assert data is not None
    command = command_line(
        assembly,
        catalog,
        ("coral", "pretrain", "--data", data, "--updates", str(updates)),
        without=(ENV.flag, POLICY.flag, "image-size", "render-quality"),
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
        place.again,
        options.json,
        options.quiet,
    )


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
    own = flags_from(PretrainOptions(), "Pretraining", {"data": "DIR", "out": "DIR", "resume": "RUN"})
    app.command("pretrain", cls=two_phase(pretrain, own, SCOPE), help=HELP)(lambda: None)
