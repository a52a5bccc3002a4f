"""Runs beside each other, one by one: the curve of each, and the interval of where it ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.options import Json
from coral_cli.report.reading import events_of
from coral_cli.report.student import t_interval
from coral_cli.runs.flags import metadata_and_flags
from coral_cli.runs.metrics import is_number


@dataclass(frozen=True)
class Compared:
    """A run with a metric of its E evaluations: means over their episodes."""

    path: Path
    metadata: Mapping[str, Json]
    """The contents of run.json."""
    flags: Mapping[str, Json]
    """What was assembled: components by slot, ``SLOT.OPTION``, settings."""
    steps: tuple[int, ...]
    """Environment steps at each evaluation, rising (E)."""
    values: tuple[float, ...]
    """The metric's mean over an evaluation's episodes (E)."""
    errors: tuple[float | None, ...]
    """The standard error of each mean (E); None where it is not known."""
    episodes: tuple[int, ...]
    """The number of episodes of each evaluation (E); 0 where it is not known."""
    metrics: frozenset[str]
    """All that its evaluations measured."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the last mean over other episodes of the same agent; None of fewer than two."""
        if not self.steps or self.episodes[-1] < 2:
            return None
        error = self.errors[-1]
        return None if error is None else t_interval(self.values[-1], error, self.episodes[-1])

    def at(self, step: float) -> float | None:
        """Return the value at a step, on the line between two evaluations; None before the first and after the last."""
        if not self.steps or not self.steps[0] <= step <= self.steps[-1]:
            return None
        after = min(bisect_right(self.steps, step), len(self.steps) - 1)
        before = max(after - 1, 0)
        (start, end), (low, high) = (self.steps[before], self.steps[after]), (self.values[before], self.values[after])
        return high if end == start else low + (high - low) * (step - start) / (end - start)


def read(path: Path, metric: str) -> Compared:
    """Return a run with the evaluations in which ``metric`` has a value. Raises UnreadableError when it is damaged."""
    metadata, flags = metadata_and_flags(path)
    evaluations = [event for event in events_of(path, ("evaluation",)) if event.kind == "evaluation"]
    seen = [
        {**event.values, "step": event.step} for event in evaluations if is_number(event.values.get(f"{metric}/mean"))
    ]
    errors = [values.get(f"{metric}/stderr") for values in seen]
    episodes = [values.get("episodes") for values in seen]
    return Compared(
        path=path,
        metadata=metadata,
        flags=flags,
        steps=tuple(values["step"] for values in seen),
        values=tuple(float(values[f"{metric}/mean"]) for values in seen),
        errors=tuple(float(error) if is_number(error) else None for error in errors),
        episodes=tuple(count if type(count) is int else 0 for count in episodes),
        metrics=frozenset(
            name.removesuffix("/mean") for event in evaluations for name in event.values if name.endswith("/mean")
        ),
    )


def last_common_step(runs: Sequence[Compared]) -> int | None:
    """Return the step that all of the runs that were evaluated have reached; None where none was."""
    return min((run.steps[-1] for run in runs if run.steps), default=None)
