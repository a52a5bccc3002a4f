"""What readers find in the latents of a task's agents, pooled over the runs of each, which keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from coral_cli.registry.errors import UnreadableError
from coral_cli.report.estimates import Estimate, of_runs
from coral_cli.report.grouping import Task
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import Probed, Readout, probed

K = TypeVar("K")

READERS = {"linear": "linear", "two layers": "two_layers"}
"""How readers are called, and where their shares stand."""


@dataclass(frozen=True)
class Probes:
    """Shares of variances (R2) that are found; what does not vary in any run of an agent has none."""

    unseen: frozenset[int]
    """The number of episodes that they are judged on."""
    steps: frozenset[int | None]
    """The steps for which the agents had been trained; None where nobody knows."""
    runs: Mapping[int, int]
    """The number of runs that were looked into, by the agent's number."""
    latent: Mapping[tuple[int, str], Mapping[str, Estimate]]
    """The shares by agent and reader, then by quantity."""
    pictures: Mapping[int, Mapping[int, Estimate]]
    """The shares of pictures by agent, then by the number of steps that they were foreseen before."""


def probes(task: Task, damaged: list[str]) -> Probes | None:
    """Return what was found in the latents of a task's agents; None where nobody has looked.

    Why a run's file cannot be read is added to ``damaged``.
    """
    known = {number: found for number in range(len(task.agents)) if (found := _kept(task, number, damaged))}
    every = [one for found in known.values() for one in found]
    if not every:
        return None
    latent = {}
    for number, found in known.items():
        for begin, source in (("", "latent"), ("embeddings, ", "embeddings")):
            for reader, share in READERS.items():
                pairs = [(_name(each), getattr(each, share)) for one in found for each in getattr(one, source)]
                latent[number, begin + reader] = _pooled(pairs)
    pictures = {number: _pooled([pair for one in found for pair in one.pictures]) for number, found in known.items()}
    return Probes(
        unseen=frozenset(one.unseen for one in every),
        steps=frozenset(one.step for one in every),
        runs={number: len(found) for number, found in known.items()},
        latent={place: shares for place, shares in latent.items() if shares},
        pictures={number: shares for number, shares in pictures.items() if shares},
    )


def _kept(task: Task, number: int, damaged: list[str]) -> list[Probed]:
    found = []
    for run in task.agents[number].runs:
        try:
            found.append(probed(RunDirectory(run.path)))
        except UnreadableError as error:
            damaged.append(error.message.rstrip("."))
    return [one for one in found if one is not None]


def _name(each: Readout) -> str:
    return f"distraction: {each.name}" if each.kind == "distraction" else each.name


def _pooled(pairs: Sequence[tuple[K, float | None]]) -> dict[K, Estimate]:
    """Return what is known of each name over the runs; of one run alone it has no interval."""
    values: dict[K, list[float]] = {}
    for name, share in pairs:
        if share is not None:
            values.setdefault(name, []).append(share)
    return {name: of_runs(shares, Estimate(shares[0], None, None)) for name, shares in values.items()}
