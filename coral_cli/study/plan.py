"""A plan: which runs a sweep consists of. It lies in the sweep's directory, as ``plan.json``."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.runs import documents
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import SUFFIX, replacing, writing
from coral_cli.version import __version__

FILE = "plan.json"
LOGS = "logs"
SWEEPS = Path("sweeps")
"""The folder of sweeps, seen from the working directory, unless a path is given."""

BYTES = 1 << 26
"""Bytes of a plan, at most: some hundred thousand runs."""
_NAME = re.compile(r"\w[\w.,+-]{0,250}", re.ASCII)


@dataclass(frozen=True)
class Planned:
    """One run of a plan: its name, its flags for ``coral train``, word by word, and what tells it from the others.

    It waits for the run ``after``, if there is one, and starts with the weights of its last checkpoint.
    """

    name: str
    flags: tuple[str, ...]
    differs: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


@dataclass(frozen=True)
class Plan:
    """All runs of a sweep, in the order in which they are begun.

    ``plugins`` are the places of what their flags need and what is not installed.
    """

    runs: tuple[Planned, ...]
    plugins: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the plan as a document."""
        return {"coral": __version__, "plugins": list(self.plugins), "runs": list(map(_document, self.runs))}

    @classmethod
    def from_json(cls, data: Json) -> Plan:
        """Read what ``to_json`` writes. Raises FormError for anything else."""
        documents.require(data, {"coral": documents.text}, ("plugins", "runs"))
        runs = tuple(_planned(run) for run in documents.listed(data["runs"], "runs"))
        before: set[str] = set()
        for run in runs:
            if run.name in before:
                raise FormError("two runs have the same name")
            if run.after and run.after not in before:
                raise FormError(f"{run.name} waits for a run that does not stand before it")
            before.add(run.name)
        return cls(runs, tuple(documents.texts(data["plugins"], "plugins")))


def _document(run: Planned) -> dict[str, Json]:
    known = {"name": run.name, "flags": list(run.flags), "differs": dict(run.differs)}
    return {**known, "after": run.after} if run.after else known


def _planned(data: Json) -> Planned:
    needed: dict[str, documents.Check] = {"name": _name, "flags": documents.texts, "differs": documents.table}
    documents.require(documents.table(data, "a run"), {**needed, "after": _name}, needed)
    differs = {flag: documents.text(text, flag) for flag, text in data["differs"].items()}
    return Planned(data["name"], tuple(data["flags"]), differs, data.get("after", ""))


def _name(value: Json, where: str) -> str:
    """Expect a name that leads to no other directory."""
    if not _NAME.fullmatch(documents.text(value, where)):
        raise FormError(f"{where} is none that a run of a sweep has")
    return str(value)


def read_plan(folder: Path) -> Plan:
    """Return the plan in a sweep's directory. Raises UnreadableError when there is none, or it is damaged."""
    path = folder / FILE
    if not path.is_file():
        why = "is no sweep: it holds no plan.json" if folder.exists() else "does not exist"
        raise UnreadableError(f"{folder} {why}.", f"Sweeps are in {SWEEPS}/, or where --out says.")
    try:
        return Plan.from_json(documents.read(path, BYTES))
    except FormError as error:
        raise UnreadableError(f"{path} is damaged, or no plan: {error}.") from error


def write_plan(folder: Path, plan: Plan) -> None:
    """Write ``plan`` into a sweep's directory, unless it stands there. Raises CoralError when it cannot be written."""
    if (folder / FILE).is_file() and read_plan(folder) == plan:
        return
    document = plan.to_json()
    runs = ",\n  ".join(map(json.dumps, document.pop("runs")))  # a line for each, to be read
    with replacing(folder / FILE) as partial:
        partial.write_text(f'{json.dumps(document)[:-1]}, "runs": [\n  {runs}\n]}}\n', encoding="utf-8")


def require_place(folder: Path) -> None:
    """Raise UsageError where something else lies than a sweep, CoralError where that cannot be seen."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Choose another --out.")
    with writing(folder):
        own = (LOGS, f".{FILE}{SUFFIX}")  # which a process leaves that was killed before the plan was written
        found = folder.iterdir() if folder.exists() and not (folder / FILE).exists() else ()
        if any(path.name not in own for path in found):
            raise UsageError(f"{folder} is not empty, and holds no sweep.", "Choose another --out.")


def make_folder(folder: Path) -> None:
    """Make a sweep's directory. Raises what ``require_place`` does, and CoralError where it cannot be made."""
    require_place(folder)
    with writing(folder):
        (folder / LOGS).mkdir(parents=True, exist_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes from carrying the same sweep out meanwhile. Raises UsageError when one does already."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UsageError(f"another process carries out the sweep in {folder}.", "Stop that one first.") from None
    except OSError:  # the file system has no locks
        pass
    try:
        yield
    finally:
        os.close(descriptor)
