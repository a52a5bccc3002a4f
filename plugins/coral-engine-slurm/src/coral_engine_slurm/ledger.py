"""What the engine keeps in a sweep's directory: which jobs were submitted, and how they ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coral_cli.plugin import Job, UsageError

BYTES = 1 << 26
_JOB = re.compile(r"\d{1,18}(_\d{1,9})?", re.ASCII)


@dataclass(frozen=True)
class Sent:
    """A job that was submitted: its number in the queue, and the command it runs."""

    number: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """The exit code of an attempt, negative for a signal's number; ``asked`` when it had been asked to end."""

    code: int
    asked: bool


class Ledger:
    """The files in ``folder``; ``cluster`` is the queue that the jobs are in.

    Raises UsageError where what lies there is damaged, or about jobs in another queue.
    """

    def __init__(self, folder: Path, cluster: str) -> None:
        self._folder, self._cluster = folder, cluster
        self._path = folder / "jobs.json"
        self._sent = self._read()

    def sent(self, name: str) -> Sent | None:
        """Return the last job that was submitted for a run."""
        return self._sent.get(name)

    def add(self, numbers: Mapping[str, str], jobs: Mapping[str, Job]) -> None:
        """Write down the numbers of jobs, by their runs' names."""
        self._sent |= {name: Sent(number, jobs[name].command) for name, number in numbers.items()}
        rows = {name: [sent.number, *sent.command] for name, sent in self._sent.items()}
        partial = self._path.with_name(".jobs.json")
        partial.write_text(json.dumps({"cluster": self._cluster, "jobs": rows}, indent=0), encoding="utf-8")
        partial.replace(self._path)

    def place(self, name: str) -> Path:
        """Return the file that says how the last attempt at a run ended."""
        return self._folder / "ended" / f"{name}.json"

    def ended(self, name: str) -> Ended | None:
        """Return how the job that was submitted last for a run ended; None when it has not, or nothing says so."""
        said = _document(self.place(name), 1 << 12)
        sent = self._sent.get(name)
        if not isinstance(said, dict) or sent is None or said.get("job") != sent.number:
            return None
        code = said.get("code")
        return Ended(code, said.get("asked") is True) if type(code) is int else None

    def _read(self) -> dict[str, Sent]:
        if not self._path.exists():
            return {}
        said = _document(self._path, BYTES)
        rows = said.get("jobs") if isinstance(said, dict) else None
        if not isinstance(rows, dict) or not all(map(_is_row, rows.values())):
            raise UsageError(
                f"{self._path} is damaged, and no one else knows which jobs were submitted.",
                "See squeue; end those of this sweep with scancel, then remove the file.",
            )
        if rows and said["cluster"] != self._cluster:
            raise UsageError(
                f"the jobs of this sweep were not submitted with --slurm.cluster {self._cluster}.",
                f"Go on as it was begun, or, when none of them is left, remove {self._path}",
            )
        return {name: Sent(number, tuple(command)) for name, (number, *command) in rows.items()}


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and all(isinstance(word, str) for word in row) and bool(row and _JOB.fullmatch(row[0]))


def _document(path: Path, most: int) -> Any:
    """Return what a file of JSON holds; None where there is none, or something else."""
    try:
        with path.open("rb") as file:
            return json.loads(file.read(most))
    except (OSError, ValueError, RecursionError):
        return None
