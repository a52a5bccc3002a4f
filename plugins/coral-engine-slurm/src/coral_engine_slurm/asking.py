"""What Slurm is asked for, in its own terms."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coral_cli.plugin import UsageError
from coral_engine_slurm import SlurmOptions

SAVING = 120.0
"""Seconds before its time is up at which a job is asked to save, or half of its time where that is less."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
OURS = ("array", "chdir", "error", "open-mode", "output", "requeue", "no-requeue", "signal", "time", "wait", "wrap")
"""Flags of sbatch without which a job cannot be followed."""
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(.+))?")


@dataclass(frozen=True)
class Asked:
    """What each job gets: ``folder`` is the sweep's directory, ``seconds`` its time limit, ``gigabytes`` its memory."""

    folder: Path
    seconds: int
    cpus: int
    gigabytes: int | None
    gpus: int
    words: Mapping[str, str]
    """Partition, account and constraint, as far as they are given."""
    extra: Mapping[str, str | bool]

    @property
    def files(self) -> Path:
        """The directory of what the engine keeps."""
        return self.folder / "slurm"

    @property
    def saving(self) -> int:
        """The seconds before the time limit at which a job is asked to save."""
        return int(min(SAVING, self.seconds / 2))


def asked_for(options: SlurmOptions, folder: Path) -> Asked:
    """Return what ``options`` ask for. Raises UsageError for what Slurm would not understand."""
    named = {"partition": options.partition, "account": options.account, "constraint": options.constraint}
    words = {name: word for name, word in named.items() if word is not None}
    for name, word in words.items():
        if not word.isprintable() or not word.strip():
            raise UsageError(f"--slurm.{name} is {word!r}, which cannot be a name.", "See sinfo, or leave it out.")
    if "%" in str(folder):  # Slurm would put a job's number there
        raise UsageError(f"Slurm cannot write to {folder}: there is a % in it.", "Choose another --out.")
    return Asked(
        folder, seconds(options.time), options.cpus, options.memory, options.gpus, words, extras(options.extra or "")
    )


def seconds(text: str) -> int:
    """Return a time limit in seconds: ``90m``, ``4h``, ``2d``, or as Slurm writes it. Raises UsageError for others."""
    short = re.fullmatch(r"(\d{1,6})([smhd])", text)
    long = re.fullmatch(r"(?:(\d{1,4})-)?(\d{1,4}):(\d\d)(?::(\d\d))?", text)
    found = 0
    if short:
        found = int(short[1]) * UNITS[short[2]]
    elif long:
        days, first, second, third = (int(part or 0) for part in long.groups())
        hours = bool(long[1] or long[4])  # 1-12:30 and 12:30:00 begin with hours, 12:30 with minutes
        found = days * 86400 + (first * 3600 + second * 60 + third if hours else first * 60 + second)
    if not found:
        raise UsageError(f"--slurm.time is {text}, which is no time.", "Write it as 90m, 4h, 2d or 1-12:00:00.")
    return found


def extras(text: str) -> dict[str, str | bool]:
    """Return flags of sbatch by name. Raises UsageError for anything else, and for those that are set already."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--slurm.extra has no end: {text!r}.", "Close the quotation.") from error
    found: dict[str, str | bool] = {}
    for word in words:
        match = _FLAG.fullmatch(word) if word.isprintable() else None
        if not match:
            raise UsageError(f"--slurm.extra has {word!r}, which is no flag.", "Write '--qos=low --exclude=node1'.")
        if match[1] in OURS:
            raise UsageError(f"--slurm.extra cannot have --{match[1]}: coral sets it.", "Leave it out.")
        found[match[1]] = match[2] or True
    return found
