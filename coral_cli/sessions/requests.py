"""What the commands ask of a session of training or evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.conditions import Condition
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.options import Json
from coral_cli.registry.sensors import Fit


@dataclass(frozen=True)
class TrainRequest:
    """The request of ``coral train``. On ``resume``, ``assembly`` is the run's with ``changes`` of settings.

    With ``again``, ``out`` may hold a run that has saved nothing, which is started again.
    """

    assembly: Assembly
    catalog: Catalog
    out: Path | None
    resume: Path | None
    changes: Mapping[str, Json]
    again: bool = False
    dry_run: bool = False
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class EvalRequest:
    """The request of ``coral eval`` for one agent. ``checkpoint`` may be a run.

    With ``video`` "auto" the session chooses a place; without ``condition`` all is as it was in training.
    """

    checkpoint: Path
    catalog: Catalog
    episodes: int
    seed: int | None
    video: Path | Literal["auto"] | None
    device: str
    renderer: Literal["auto", "egl", "osmesa", "raycast"]
    losses: bool = False
    json: bool = False
    quiet: bool = False
    condition: Condition | None = None


@dataclass(frozen=True)
class RobustnessRequest:
    """The request of ``coral eval`` for several agents or conditions; ``videos`` asks for a film of each pair.

    Without ``seed``, it is the first agent's. The table is also written to ``csv``.
    """

    checkpoints: tuple[Path, ...]
    conditions: tuple[Condition, ...]
    catalog: Catalog
    episodes: int
    seed: int | None
    videos: bool
    csv: Path | None
    device: str
    renderer: Literal["auto", "egl", "osmesa", "raycast"]
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class PretrainRequest:
    """The request of ``coral pretrain``. ``command`` says it in full; ``again`` is as in TrainRequest.

    ``rename`` has the names that sensors are to have, by those that they have in the dataset.
    """

    assembly: Assembly
    catalog: Catalog
    command: str
    data: Path
    updates: int
    checkpoint_every: int
    out: Path | None
    resume: Path | None
    rename: Mapping[str, str] = field(default_factory=dict)
    fit: Fit = "pad"
    again: bool = False
    dry_run: bool = False
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class RolloutRequest:
    """The request of ``coral rollout``. Without ``agent``, actions are random, in the environment of ``assembly``."""

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
class ExportRequest:
    """The request of ``coral export``. ``checkpoint`` may be a run; ``form`` says which programs are written."""

    checkpoint: Path
    catalog: Catalog
    out: Path
    form: Literal["all", "torch", "onnx", "weights"]
    explore: bool
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class BenchRequest:
    """The request of ``coral bench``: ``part`` of the assembly, with ``repeats`` updates."""

    assembly: Assembly
    catalog: Catalog
    part: Literal["all", "update", "environment"]
    repeats: int
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class ProbeRequest:
    """The request of ``coral probe``. ``checkpoints`` may be runs; without ``seed``, it is the first one's.

    ``camera`` None is the first one, ``updates`` 0 asks for no pictures, and ``out`` None is the run's ``videos``.
    """

    checkpoints: tuple[Path, ...]
    catalog: Catalog
    episodes: int
    updates: int
    seed: int | None
    camera: str | None
    explore: bool
    embeddings: bool
    out: Path | None
    device: str
    renderer: str
    json: bool = False
    quiet: bool = False
