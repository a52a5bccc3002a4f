"""Directories that are either complete or not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coral_cli.registry.stopping import Stopped
from coral_cli.runs.files import writing


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Give a directory beside ``out``, which takes its place when the block ends well, or else is removed."""
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
    try:
        place.chmod(0o777 & ~_umask())
        yield place
        with writing(out):
            os.replace(place, out)
    except Stopped as stopped:
        stopped.add_note("while importing: nothing is left behind")
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _umask() -> int:
    """Return the user's mask for new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
