"""Where a run goes: a new directory, one to go on with, or whichever of the two it is by now."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.errors import UsageError
from coral_cli.registry.places import absolute, as_written
from coral_cli.runs.directory import RunDirectory

AUTO_RESUME = (
    "Go on with the run in --out, or start it where it has saved nothing yet: the same command for every attempt of a "
    "job that a scheduler repeats."
)


@dataclass(frozen=True)
class Place:
    """The place of a run: ``out`` of a new one (None: in runs/), or the one to ``resume``; ``there`` lies one already.

    With ``again``, ``out`` may hold a run that has saved nothing.
    """

    out: Path | None
    resume: Path | None
    there: Path | None
    again: bool

    def require_kind(self, pretrained: bool) -> None:
        """Raise UsageError when the run that lies there was made by the other command of the two."""
        if self.there and ("data" in RunDirectory.open(self.there).read_metadata()) != pretrained:
            go_on = shlex.join(["coral", "train" if pretrained else "pretrain", "--resume", as_written(self.there)])
            said = f"{self.there} was {'not ' if pretrained else ''}pretrained."
            raise UsageError(said, f"Go on with: {go_on}.")


def place_of(out: str | None, resume: str | None, auto: bool) -> Place:
    """Return where --out, --resume and --auto-resume lead. Raises UsageError for two that exclude each other."""
    if resume and (out or auto):
        other = "--out" if out else "--auto-resume"
        raise UsageError(f"{other} and --resume exclude each other.", f"Leave {other} out: a resumed run stays there.")
    if auto and not out:
        raise UsageError("--auto-resume needs --out.", "Name the directory of the run, the same each time: --out DIR.")
    if resume:
        run = absolute(resume)
        return Place(None, run, run, False)
    path = absolute(out) if out else None
    if path is None or not auto or not RunDirectory(path).metadata.is_file():
        return Place(path, None, None, auto)
    return Place(None, path, path, True) if RunDirectory(path).has_saved else Place(path, None, path, True)
