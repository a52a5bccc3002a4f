"""Where Minari keeps its datasets."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from coral_cli.plugin import UnreadableError
from coral_cli.plugin_recordings import read_json

_ID = re.compile(r"[\w-]+(/[\w-]+)*")
METADATA = "metadata.json"
LARGEST = 1 << 28
"""Bytes of metadata, at most: the bounds of each pixel stand there in text."""


def find(source: str) -> Path:
    """Return the directory with a dataset's data: that of ``source``, a path or an id.

    Raises UnreadableError when there is none.
    """
    if Path(source).is_dir():
        folder = Path(source)
        for place in (folder, folder / "data"):
            if (place / METADATA).is_file():
                return place
        raise UnreadableError(f"{source} is no Minari dataset: it holds no {METADATA}.")
    kept = Path(os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets")
    if _ID.fullmatch(source) and (kept / source / "data" / METADATA).is_file():
        return kept / source / "data"
    hint = f"Fetch it: minari download {source}" if _ID.fullmatch(source) else "Name its directory, or its id."
    raise UnreadableError(f"there is no Minari dataset {source} in {kept}.", hint)


def metadata(folder: Path) -> dict[str, Any]:
    """Return what a dataset says of itself."""
    return read_json(folder / METADATA, LARGEST)
