"""Finished and unfinished runs, read for their evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coral_cli.registry.errors import UsageError
from coral_cli.registry.events import Event, EventKind
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Json
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.flags import metadata_and_flags
from coral_cli.runs.metrics import is_number, read_metrics

Over = Literal["steps", "time"]
"""What a curve goes over: environment steps, or training time in seconds."""


@dataclass(frozen=True)
class Run:
    """One run: what it was, and a metric of its evaluations (E of them)."""

    path: Path
    metadata: Mapping[str, Json]
    """The contents of run.json."""
    flags: Mapping[str, Json]
    """What was assembled: components by slot, ``SLOT.OPTION``, settings."""
    metrics: frozenset[str]
    """All that its evaluations measured."""
    steps: tuple[int, ...]
    """Environment steps at each evaluation, rising (E)."""
    values: tuple[float, ...]
    """The metric's mean over an evaluation's episodes (E)."""
    seconds: tuple[float, ...]
    """Training time at each evaluation (E)."""
    sized: Mapping[str, Json] | None = None
    """``flags``, with ``size`` in place of those that a named size explains; None where none explains them."""

    def along(self, over: Over) -> tuple[float, ...]:
        """Return the places of its evaluations on an axis."""
        return self.steps if over == "steps" else self.seconds

    @property
    def seed(self) -> Json:
        return self.flags.get("seed")

    @property
    def task(self) -> tuple[str, ...]:
        """The environment, and the distractions in their order."""
        return self.flags["env"], *self.flags["distraction"]

    @property
    def pretrained(self) -> bool:
        """Whether the run learned from recorded data alone; its steps are updates then."""
        return "data" in self.metadata


def read(path: Path, metric: str) -> Run:
    """Return a run and the evaluations in which ``metric`` has a value. Raises UnreadableError when it is damaged."""
    metadata, flags = metadata_and_flags(path)
    evaluations = [event for event in events_of(path, ("evaluation",)) if event.kind == "evaluation"]
    metrics = {name.removesuffix("/mean") for event in evaluations for name in event.values if name.endswith("/mean")}
    seen = [event for event in evaluations if is_number(event.values.get(f"{metric}/mean"))]
    return Run(
        path=path,
        metadata=metadata,
        flags=flags,
        metrics=frozenset(metrics),
        steps=tuple(event.step for event in seen),
        values=tuple(event.values[f"{metric}/mean"] for event in seen),
        seconds=tuple(event.seconds for event in seen),
    )


def events_of(run: Path, only: Sequence[EventKind] = ()) -> list[Event]:
    """Return the events of a run in the order in which it went, with ``only`` those of such kinds, and its starts.

    Raises UnreadableError when one is damaged.
    """
    metrics = RunDirectory(run).metrics
    return read_metrics(metrics, only) if metrics.exists() else []


def evaluated(runs: Sequence[Run], metric: str) -> list[Run]:
    """Return those of ``runs`` that have evaluations of ``metric``. Raises UsageError when none has."""
    with_some = [run for run in runs if run.steps]
    if with_some:
        return with_some
    known = sorted(set().union(*(run.metrics for run in runs)))
    if not known:
        raise UsageError("none of these runs has been evaluated yet.", "`coral train` does so as --eval-every says.")
    raise UsageError(
        f"none of these runs has evaluated {metric!r}.",
        meant(metric, known, f"They have {', '.join(known)}."),
    )
