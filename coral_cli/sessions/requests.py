"""What the commands ask of a session of training or evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coral_cli.assembly.record import Assembly
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.options import Json
from coral_cli.registry.places import absolute


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
    losses: bool = False
    json: bool = False


@dataclass(frozen=True)
class PretrainRequest:
    """``coral pretrain``. ``command`` is the line that says it in full."""

    assembly: Assembly
    catalog: Catalog
    command: str
    data: Path
    updates: int
    checkpoint_every: int
    out: Path | None
    resume: Path | None
    json: bool = False
    quiet: bool = False

    @property
    def init_from(self) -> Path:
        """Where weights are taken over from."""
        return absolute(self.assembly.settings.init_from or "")


@dataclass(frozen=True)
class RolloutRequest:
    """``coral rollout``. Without ``agent``, random actions in the environment of ``assembly``."""

    assembly: Assembly
    catalog: Catalog
    out: Path
    agent: Path | None
    episodes: int
    explore: bool
    seed: int
    device: str
    renderer: str
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class BenchRequest:
    """``coral bench``: ``part`` of the assembly, with ``repeats`` updates."""

    assembly: Assembly
    catalog: Catalog
    part: Literal["all", "update", "environment"]
    repeats: int
    json: bool = False
    quiet: bool = False
