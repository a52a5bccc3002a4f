"""Which commit runs, where coral is a git clone. Reads git's files, and needs no git."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
"""The root of coral's source tree, if this is one."""


def commit(clone: Path = CLONE) -> str | None:
    """Return the commit that is checked out in ``clone``, in hexadecimal; None where there is none.

    What has been changed since that commit is not told.
    """
    with suppress(OSError, UnicodeDecodeError):
        folder = _folder(clone / ".git")
        head = _text(folder / "HEAD")
        number = _branch(folder, head.removeprefix("ref: ")) if head.startswith("ref: ") else head
        return number if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", number) else None
    return None


def _folder(git: Path) -> Path:
    """Return where git keeps what is checked out; of a second work tree, ``.git`` is a file that says where."""
    return git if git.is_dir() else git.parent / _text(git).removeprefix("gitdir: ")


def _branch(folder: Path, name: str) -> str:
    """Return the commit of a branch, from a file of its own or the one of all packed ones; work trees share both."""
    common = folder / "commondir"
    shared = folder / _text(common) if common.is_file() else folder
    if (shared / name).is_file():
        return _text(shared / name)
    packed = dict(line.split(" ")[::-1] for line in _text(shared / "packed-refs").splitlines() if line.count(" ") == 1)
    return packed.get(name, "")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
