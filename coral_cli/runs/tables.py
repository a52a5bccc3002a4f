"""What was found out about a saved agent after its training, kept in its run: a file for each condition, and a probe's.

The newest takes the place of one before; only an evaluation of more episodes of the same agent stays. All that is read
is checked, as a stranger may have written it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.registry.options import Json
from coral_cli.runs import documents
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import replacing, writing
from coral_cli.runs.metrics import is_number

T = TypeVar("T")

UNDER, PROBE = "under-", "probe.json"
MOST = 1000
"""So many conditions of one run are read at most."""
LONGEST = 60
"""Letters that a file's name has for a condition."""


@dataclass(frozen=True)
class Evaluated:
    """What an agent did under a condition."""

    condition: str
    flags: str
    """What the condition changes, as it stands on the command line."""
    stands_for: str
    """``own``, ``clean`` (without distractions) or ``other``, whatever it is called."""
    step: int | None
    """The environment steps that the agent had been trained for; None where nobody knows."""
    seed: int
    renderer: str
    returns: tuple[float, ...]
    successes: tuple[float, ...]
    """1 or 0 for each episode; none where the task knows no success."""


@dataclass(frozen=True)
class Readout:
    """The shares of a quantity's variance (R2) that readers find on unseen episodes; None where it does not vary."""

    name: str
    kind: str
    """``state``, ``distraction``."""
    linear: float | None
    two_layers: float | None


@dataclass(frozen=True)
class Probed:
    """What was found in an agent's latent."""

    step: int | None
    seed: int
    unseen: int
    """The number of episodes that readers and decoder are judged on."""
    latent: tuple[Readout, ...]
    embeddings: tuple[Readout, ...]
    pictures: tuple[tuple[int, float | None], ...]
    """The shares of the decoded pictures' variance, by the number of steps that they were foreseen before."""


def run_of(checkpoint: Path) -> RunDirectory | None:
    """Return the run that a checkpoint lies in, None for one that lies alone."""
    run = RunDirectory(checkpoint.parent.parent)
    return run if checkpoint.parent == run.checkpoints and run.metadata.is_file() else None


def step_of(checkpoint: Path) -> int | None:
    """Return the steps at which a checkpoint was written, by its name or the one of the same file."""
    with suppress(OSError):
        for path in sorted(checkpoint.parent.glob("step-*.pt")):
            found = re.fullmatch(r"step-(\d{1,18})\.pt", path.name)
            if found and path.samefile(checkpoint):
                return int(found[1])
    return None


def keep(run: RunDirectory, found: Evaluated | Probed) -> None:
    """Write what was found out into the run. Raises CoralError when it cannot be written."""
    path = run.tables / (PROBE if isinstance(found, Probed) else _name(found))
    if run.tables.is_symlink():
        raise CoralError(f"{run.tables} is a link, and nothing is written there.")
    with writing(path):
        run.tables.mkdir(exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def of_more_episodes(run: RunDirectory, found: Evaluated) -> Evaluated | None:
    """Return what the run keeps of the same condition, if that are more episodes; None of what cannot be read."""
    path = run.tables / _name(found)
    with suppress(UnreadableError):
        before = _read(path, _evaluated) if path.name in _names(run.tables) else None
        return before if before and len(before.returns) > len(found.returns) else None
    return None


def _name(found: Evaluated) -> str:
    """Return a file's name for a condition, another one for each name with other flags."""
    short = re.sub(r"[^a-zA-Z0-9_.+]+", "-", found.condition)[:LONGEST].strip("-.")
    digest = hashlib.sha256(f"{found.condition}\n{found.flags}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{UNDER}{short}-{digest}.json"


def evaluations(run: RunDirectory, damaged: list[str]) -> list[Evaluated]:
    """Return what the run's agent did under other conditions. Why a file cannot be read is added to ``damaged``."""
    names = sorted(name for name in _names(run.tables) if name.startswith(UNDER) and name.endswith(".json"))
    found = []
    for name in names[:MOST]:
        try:
            found.append(_read(run.tables / name, _evaluated))
        except UnreadableError as error:
            damaged.append(error.message.rstrip("."))
    return found


def probed(run: RunDirectory) -> Probed | None:
    """Return what was found in the latent of the run's agent, if anything. Raises UnreadableError where damaged."""
    return _read(run.tables / PROBE, _probed) if PROBE in _names(run.tables) else None


def _names(folder: Path) -> Sequence[str]:
    """Return the names of what lies in a folder; nothing that lies elsewhere, whatever a link says."""
    if folder.is_symlink():
        return ()
    with suppress(OSError):
        return [name for name in os.listdir(folder) if not (folder / name).is_symlink()]
    return ()


def _read(path: Path, form: Callable[[Mapping[str, Json]], T]) -> T:
    document = documents.read(path)
    try:
        return form(document)
    except (FormError, KeyError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UnreadableError(f"{path} is damaged ({why}).", "Remove it, or evaluate again.") from error


def _evaluated(document: Mapping[str, Json]) -> Evaluated:
    returns, successes = (_numbers(document[name], name) for name in ("returns", "successes"))
    if not returns or len(successes) not in (0, len(returns)):
        raise FormError(f"it has {len(returns)} returns and {len(successes)} successes")
    return Evaluated(
        condition=documents.text(document["condition"], "condition"),
        flags=documents.text(document["flags"], "flags"),
        stands_for=documents.text(document["stands_for"], "stands_for"),
        step=_step(document["step"]),
        seed=documents.whole(document["seed"], "seed"),
        renderer=documents.text(document["renderer"], "renderer"),
        returns=returns,
        successes=successes,
    )


def _probed(document: Mapping[str, Json]) -> Probed:
    latent, embeddings = (
        tuple(_readout(documents.table(one, name)) for one in documents.listed(document[name], name))
        for name in ("latent", "embeddings")
    )
    pairs = [documents.listed(pair, "pictures") for pair in documents.listed(document["pictures"], "pictures")]
    if any(len(pair) != 2 for pair in pairs):
        raise FormError("pictures are no pairs")
    pictures = tuple((documents.whole(ahead, "pictures"), _share(share)) for ahead, share in pairs)
    numbers = documents.whole(document["seed"], "seed"), documents.count(document["unseen"], "unseen")
    return Probed(_step(document["step"]), *numbers, latent, embeddings, pictures)


def _readout(document: Mapping[str, Json]) -> Readout:
    name, kind = (documents.text(document[key], key) for key in ("name", "kind"))
    return Readout(name, kind, _share(document["linear"]), _share(document["two_layers"]))


def _numbers(value: Json, where: str) -> tuple[float, ...]:
    found = tuple(documents.number(item, where) for item in documents.listed(value, where))
    if not all(is_number(item) for item in found):
        raise FormError(f"{where} are beyond all measure")
    return found


def _share(value: Json) -> float | None:
    return None if value is None else _numbers([value], "a share")[0]


def _step(value: Json) -> int | None:
    return None if value is None else documents.whole(value, "step")
