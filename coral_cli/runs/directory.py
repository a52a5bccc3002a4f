"""A run directory: everything that one run leaves behind.

``run.json`` (what was run, and on what), ``metrics.jsonl`` (the truth for curves), ``checkpoints/``,
``videos/``, ``replay/``, and ``tables/`` of what is found out later.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.runs import documents
from coral_cli.runs.documents import FormError
from coral_cli.runs.files import SUFFIX, replacing, writing

RUNS = Path("runs")
"""The folder of runs, seen from the working directory, unless a path is given."""

METADATA: dict[str, documents.Check] = {
    **dict.fromkeys(("command", "coral", "started", "device", "data", "fit"), documents.text),
    **dict.fromkeys(("assembly", "machine"), documents.table),
    "starts": documents.listed,
    "rename": documents.texts,
    **dict.fromkeys(("processes", "updates", "checkpoint_every"), documents.count),
    "renderer": documents.drawer,
}
MACHINE: dict[str, documents.Check] = {"cpus": documents.count, "gpus": documents.texts}
"""What run.json says, as far as every reader relies on it; and of the machine."""

PACKAGED = "agent.safetensors"
"""The weights in a folder that ``coral export`` has written."""

PAUSES = (0.001, 0.01, 0.0)
"""Seconds to wait after each attempt to lock a directory that is locked."""

PRETRAINED = ("updates", "checkpoint_every")
"""What it says of every run on a dataset."""


@dataclass(frozen=True)
class RunDirectory:
    """The directory of one run. Make it with ``create`` or ``open``."""

    path: Path
    foreign: frozenset[str] = frozenset()
    """The names of what lay there before the run was made, and is none of it."""

    @classmethod
    def create(cls, out: Path | None, name: str, runs: Path = RUNS, again: bool = False) -> RunDirectory:
        """Make a new run: ``out`` itself, or else NAME in ``runs``, or NAME-2 and so on if that is taken.

        With ``again``, ``out`` may hold a run that has saved nothing, see ``start_afresh``, or files that no run has: a
        scheduler's log. Raises UsageError when ``out`` is taken, CoralError when it cannot be written.
        """
        run = cls(_unused(runs, name)) if out is None else cls(out, _free(out, again))
        with writing(run.path):
            run.checkpoints.mkdir(exist_ok=True)
            run.videos.mkdir(exist_ok=True)
        return run

    def start_afresh(self) -> None:
        """Remove what a run has left here that saved nothing, for the new one that holds it.

        Raises UsageError when there is a checkpoint by now, CoralError when the old files cannot be removed.
        """
        if self.has_saved:
            raise UsageError(f"{self.path} already holds a run.", f"Go on with --resume {_quoted(self.path)}.")
        with writing(self.path):
            if self.replay.exists():
                shutil.rmtree(self.replay)
            self.metrics.unlink(missing_ok=True)

    @property
    def has_saved(self) -> bool:
        """Whether there is anything to go on from."""
        return any(self.checkpoints.glob("*.pt"))

    def discard(self) -> None:
        """Remove a run that never began, so that its name is free again; what is ``foreign`` stays."""
        if not self.foreign:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        with suppress(OSError):
            for path in self.path.iterdir():
                if path.name in self.foreign:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open an existing run. Raises UnreadableError when ``path`` is none."""
        run = cls(path)
        if not path.exists():
            raise UnreadableError(f"{path} does not exist.", f"Runs are saved in {RUNS}/, or where --out says.")
        if not path.is_dir():
            raise UnreadableError(f"{path} is a file, not a run directory.", "Give the directory that holds run.json.")
        if not run.metadata.is_file():
            raise UnreadableError(f"{path} is not a run: it holds no run.json.", "Give the directory that holds one.")
        return run

    @property
    def metadata(self) -> Path:
        """The file that says what was run, and on what machine."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """The file of every event, one JSON document a line."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def videos(self) -> Path:
        """The folder of videos."""
        return self.path / "videos"

    @property
    def tables(self) -> Path:
        """The folder of what was found out about the agent after its training, if anything."""
        return self.path / "tables"

    @property
    def replay(self) -> Path:
        """The folder in which the replay is kept, so that the run can go on."""
        return self.path / "replay"

    @property
    def latest(self) -> Path:
        """The newest complete checkpoint, if there is any yet."""
        return self.checkpoints / "latest.pt"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from training here meanwhile. Raises UsageError when one does already."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            with suppress(OSError):  # where the file system has no locks
                if not _locked(descriptor):
                    raise UsageError(f"{self.path} is being trained by another process.", "Stop that one first.")
            yield
        finally:
            os.close(descriptor)

    def is_held(self) -> bool | None:
        """Return whether a process trains here; None where the file system does not tell."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return not _locked(descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def write_metadata(self, metadata: Json) -> None:
        """Write run.json. Raises CoralError when it cannot be written."""
        with replacing(self.metadata) as partial:
            partial.write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")

    def write_start(self, metadata: Json) -> None:
        """Write run.json when the run starts, or is resumed: ``metadata``, and all ``starts`` so far, this one too.

        What ``metadata`` says is true of this start, but for ``started``: that stays the time of the first. Raises
        CoralError when it cannot be written, UnreadableError when the one before is damaged.
        """
        before = self.read_metadata() if self.metadata.is_file() else {}
        known = before.get("starts", [_start(before)] if before else [])
        starts = [*known, _start(metadata)]
        self.write_metadata(metadata | {"started": before.get("started", metadata["started"]), "starts": starts})

    def read_metadata(self) -> Json:
        """Return what run.json says. Raises UnreadableError when it is damaged, or no run's."""
        metadata = documents.read(self.metadata)
        try:
            documents.require(metadata, METADATA, PRETRAINED if "data" in metadata else ())
            documents.require(metadata.get("machine", {}), MACHINE)
        except FormError as error:
            raise UnreadableError(f"{self.metadata} is damaged, or no run's: {error}.") from error
        return metadata


def find_checkpoint(path: Path) -> Path:
    """Return the checkpoint that ``path`` names: itself, a run's latest, or the weights of an exported agent.

    Raises UnreadableError without one.
    """
    if path.is_file():
        return path
    if (path / PACKAGED).is_file():
        return path / PACKAGED
    run = RunDirectory.open(path)
    if not run.latest.is_file():
        raise UnreadableError(
            f"the run {path} has no checkpoint yet.",
            f"Wait for its first one; or start it again with the same flags, --out {_quoted(path)} and --auto-resume.",
        )
    return run.latest


def _quoted(path: Path) -> str:
    """Return a path as a shell takes it."""
    return shlex.quote(as_written(path))


def _start(metadata: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is kept of one start of a run, from its metadata. Older ones do not say everything."""
    return {
        "time": metadata.get("started"),
        **{name: metadata.get(name) for name in ("coral", "commit", "typed", "machine")},
    }


def _locked(descriptor: int) -> bool:
    """Lock a directory; return whether that was possible. Who only looks whether it is locked holds it for no time.

    Raises OSError where the file system has no locks.
    """
    for pause in PAUSES:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(pause)
    return False


def _unused(runs: Path, name: str) -> Path:
    name = name.replace("/", "-")  # a component may be called distribution/name
    with writing(runs / name):
        runs.mkdir(exist_ok=True)
        for number in itertools.count(1):
            path = runs / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir()  # fails when taken, even by a run that starts at this very moment
            except FileExistsError:
                continue
            break
    return path


def _free(out: Path, again: bool) -> frozenset[str]:
    """Return the names of what lies in ``out`` and is no run's. Raises UsageError when no run can begin there."""
    run = RunDirectory(out)
    if run.metadata.exists() and not (again and not run.has_saved):
        go_on = f"go on with --resume {_quoted(out)}" if run.has_saved else "add --auto-resume to start this one again"
        raise UsageError(f"{out} already holds a run.", f"Choose another --out, or {go_on}.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "Choose another --out.")
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        found = [] if run.metadata.exists() else sorted(out.iterdir())
    held = [path for path in found if path not in _skeleton(run) or _holds(path)]
    if held and not again:
        raise UsageError(f"{out} is not empty.", "Choose another --out.")
    own = (run.metadata, run.metrics, run.checkpoints, run.videos, run.replay)
    around = [path for path in held if not path.is_symlink()]
    if any(run.metadata.name in files for path in around for _, _, files in os.walk(path)):
        raise UsageError(f"{out} holds other runs.", "Choose another --out: one run cannot lie around others.")
    for path in held:
        if path in own:
            raise UsageError(
                f"{out} holds no run, but {path.name}, which a run would overwrite.",
                f"Move {path} away, or choose another --out.",
            )
    return frozenset(path.name for path in held)


def _skeleton(run: RunDirectory) -> tuple[Path, ...]:
    """Name what a process leaves that was killed before it had written run.json."""
    return run.checkpoints, run.videos, run.metadata.with_name(f".{run.metadata.name}{SUFFIX}")


def _holds(path: Path) -> bool:
    return path.is_dir() and any(path.iterdir())
