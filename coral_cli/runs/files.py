"""Files that are either complete or not there."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coral_cli.registry.errors import CoralError, UsageError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

SUFFIX = ".partial"
"""The end of an unfinished file's name: ``.NAME.partial``, beside the file it will become."""


@contextmanager
def replacing(path: Path, sync: bool = True) -> Iterator[Path]:
    """Yield an unfinished file's path; it takes the place of ``path`` when the block ends without an error.

    A reader sees the old file or the new one, never half of one; with ``sync``, even when the machine loses power.
    Raises CoralError when the file cannot be written.
    """
    partial = path.with_name(f".{path.name}{SUFFIX}")
    with writing(path):
        try:
            yield partial
            if sync:
                to_disk(partial)
            os.replace(partial, path)
            if sync and os.name == "posix":  # elsewhere a directory cannot be opened
                to_disk(path.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def filling(out: Path) -> Iterator[Path]:
    """Yield an unfinished folder's path; it becomes ``out`` when the block ends without an error, else it goes.

    Raises UsageError where ``out`` is taken, CoralError when it cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is {'not empty' if out.is_dir() else 'a file'}.", "Choose a new folder.")
    partial = out.with_name(f".{out.name}{SUFFIX}")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            os.replace(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write ``path`` into a CoralError."""
    try:
        yield
    except OSError as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: OSError) -> CoralError:
    if error.errno in NO_ROOM:
        return CoralError(f"there is no room left to write {path}.", "Free some space, or write to another disk.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CoralError(f"there is no permission to write {path}.", "Choose a directory that you may write to.")
    return CoralError(f"{path} cannot be written ({error.strerror or error}).")


def to_disk(path: Path) -> None:
    """Wait until the file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
