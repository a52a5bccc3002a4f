"""Finished and unfinished runs, read for their evaluations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.events import Event
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Json
from coral_cli.runs import documents
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.documents import FormError
from coral_cli.runs.metrics import read_metrics

LARGEST = 1e100
"""The largest number to count with: beyond it the differences and squares of numbers may be infinite."""
COMPONENT: dict[str, documents.Check] = {"component": documents.text, "options": documents.table}
"""What a report takes from the record of a component."""


@dataclass(frozen=True)
class Run:
    """One run: what it was, and a metric of its evaluations (E of them)."""

    path: Path
    record: Mapping[str, Json]
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
        return "data" in self.record


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the runs among ``paths`` and in the folders among them, each once.

    Raises UnreadableError for a path that neither is a run nor holds one.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        runs = list(_below(path)) if path.is_dir() else [RunDirectory.open(path).path]  # which says why not
        if not runs:
            raise UnreadableError(f"{path} holds no runs.", "Give run directories, or folders of them.")
        for run in runs:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def _below(path: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(path):
        names.sort()
        if "run.json" in files:
            names.clear()  # a run holds no other
            yield Path(folder)


def read(path: Path, metric: str) -> Run:
    """Return a run and the evaluations in which ``metric`` has a value. Raises UnreadableError when it is damaged."""
    directory = RunDirectory.open(path)
    record = directory.read_record()
    if "assembly" not in record:
        raise UnreadableError(f"{directory.record} names no assembly.", "It is damaged, or no run's.")
    try:
        flags = _flags(record["assembly"])
    except FormError as error:
        raise UnreadableError(f"{directory.record} is damaged, or no run's: {error}.") from error
    evaluations = [event for event in events_of(path) if event.kind == "evaluation"]
    metrics = {name.removesuffix("/mean") for event in evaluations for name in event.values if name.endswith("/mean")}
    seen = [event for event in evaluations if is_number(event.values.get(f"{metric}/mean"))]
    return Run(
        path=path,
        record=record,
        flags=flags,
        metrics=frozenset(metrics),
        steps=tuple(event.step for event in seen),
        values=tuple(event.values[f"{metric}/mean"] for event in seen),
        seconds=tuple(event.seconds for event in seen),
    )


def events_of(run: Path) -> list[Event]:
    """Return all events of a run, in the order in which it went. Raises UnreadableError when one is damaged."""
    metrics = RunDirectory(run).metrics
    return read_metrics(metrics) if metrics.exists() else []


def is_number(value: object) -> bool:
    """Return whether it can be counted with and drawn: finite, not beyond all measure, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


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


def _flags(assembly: Json) -> dict[str, Json]:
    """Return the flags of an assembly. Raises FormError when it is none, or names no environment."""
    tables = dict.fromkeys(("choices", "settings"), documents.table)
    documents.require(documents.table(assembly, "it"), tables, tables)
    settings = {"distraction": [], **assembly["settings"]}  # older runs do not say it
    documents.require(settings, {"distraction": documents.texts, "seed": documents.whole})
    documents.require(assembly["choices"], {}, ("env",))
    flags: dict[str, Json] = {}
    for slot, choice in assembly["choices"].items():
        documents.require(documents.table(choice, slot), COMPONENT, COMPONENT)
        flags[slot] = choice["component"]
        flags |= {f"{slot}.{name.replace('_', '-')}": value for name, value in choice["options"].items()}
    flags |= {name.replace("_", "-"): value for name, value in settings.items()}
    for flag, value in flags.items():
        documents.plain(value, flag)
    return flags
