"""Whether torchrun has started this process beside others. Importing this does not import torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from coral_cli.registry.errors import UsageError


@dataclass(frozen=True)
class Place:
    """A place among processes on this machine: number ``rank`` of ``count``; number 0 leads."""

    rank: int
    count: int


def find_place(environ: Mapping[str, str] = os.environ) -> Place | None:
    """Return this process's place, None when it is alone. Raises UsageError for processes on other machines."""
    if "TORCHELASTIC_RUN_ID" not in environ or environ["WORLD_SIZE"] == "1":
        return None
    if environ["LOCAL_WORLD_SIZE"] != environ["WORLD_SIZE"]:
        raise UsageError("processes on several machines cannot train together.", "Start torchrun with --nnodes 1.")
    return Place(int(environ["RANK"]), int(environ["WORLD_SIZE"]))


def follows(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether another process leads, and does the talking."""
    return "TORCHELASTIC_RUN_ID" in environ and environ["RANK"] != "0"
