"""Paths as a command was given them, seen from where it was started.

An environment may change the working directory, and then the same words would name another place. So what a command is
given becomes absolute, and what it tells has the words that were written. The command itself is known here, too.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coral_cli.registry.errors import UsageError

_start: list[Path] = []
_written: dict[str, str] = {}
_command: list[str] = []


@contextmanager
def started(place: Path | None = None, command: Sequence[str] = ()) -> Iterator[None]:
    """Let relative paths be seen from ``place`` inside: by default, from the working directory of this moment.

    ``command`` is what was typed, word by word.
    """
    before = list(_start), dict(_written), list(_command)
    try:
        _start[:] = [place or Path.cwd()]
    except OSError:  # it was removed, and nothing can be seen from there
        _start.clear()
    _written.clear()
    _command[:] = command
    try:
        yield
    finally:
        _start[:] = before[0]
        _written.clear()
        _written.update(before[1])
        _command[:] = before[2]


def start() -> Path:
    """Return where the command was started; elsewhere, the working directory."""
    return _start[0] if _start else Path.cwd()


def typed() -> str | None:
    """Return the command as it was typed, quoted for a shell; None where a program has called for the work."""
    return shlex.join(_command) if _command else None


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return ``path``, with ``~`` as the user's home, wherever the working directory is by now.

    Raises UsageError for a path that no file can have, or none at all.
    """
    if os.fspath(path) == "":  # a variable of the shell that was not set
        raise UsageError("a path is empty.", "Name a file or a directory; `.` is this one.")
    written = _expanded(Path(path))
    if written.is_absolute():
        return written
    place = start() / written
    if _start:
        _written[str(place)] = str(written)
    return place


def _expanded(path: Path) -> Path:
    try:
        expanded = path.expanduser()
        os.lstat(expanded)
    except RuntimeError:
        raise UsageError(f"{path.parts[0]} stands for nobody's home.", "Write the path in full.") from None
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is no path ({error}).") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UsageError(f"{path} is longer than a file's name can be.") from error
    return expanded


def as_written(text: object) -> str:
    """Return ``text`` with the paths in it as they were given to ``absolute``."""
    said = str(text)
    for place, written in sorted(_written.items(), reverse=True):
        found = rf"(?<![\w./~-]){re.escape(place)}"
        if written == ".":
            said = re.sub(rf"{found}/(?=\w)", "", said)
        said = re.sub(rf"{found}(?!\.?[\w-])", written.replace("\\", r"\\"), said)  # not of another name the beginning
    return said
