"""What the commands ask of a session of training or evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coral_cli.assembly.record import Assembly
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.options import Json


@dataclass(frozen=True)
class TrainRequest:
    """``coral train``. With ``resume``, ``assembly`` is the run's with ``changes`` (settings by name) applied."""

    assembly: Assembly
    catalog: Catalog
    out: Path | None
    resume: Path | None
    changes: Mapping[str, Json]
    dry_run: bool = False
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class EvalRequest:
    """``coral eval``. ``checkpoint`` may be a run directory; ``video`` "auto" leaves the place to the session."""

    checkpoint: Path
    catalog: Catalog
    episodes: int
    seed: int | None
    video: Path | Literal["auto"] | None
    device: str
    renderer: Literal["auto", "egl", "osmesa", "raycast"]
    json: bool = False
