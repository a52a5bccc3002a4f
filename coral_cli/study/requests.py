"""What the commands ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.records import Engine
from coral_cli.study.checking import Run


@dataclass(frozen=True)
class SweepRequest:
    """The request of ``coral sweep``: ``runs`` in ``folder``, on ``engine``, at most ``jobs`` at a time.

    ``plugins`` are the places of those that are not installed; up to ``measure`` different agents are rehearsed to know
    how long training takes; ``again`` is the command that goes on with the sweep.
    """

    runs: Sequence[Run]
    plugins: Sequence[str]
    folder: Path
    engine: Engine
    engine_options: object
    jobs: int | None
    measure: int
    again: str
    dry_run: bool = False
    json: bool = False
    quiet: bool = False
