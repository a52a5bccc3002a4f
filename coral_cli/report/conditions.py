"""What the agents of a task do under other conditions, pooled over the runs of each, which keep it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from coral_cli.report.estimates import Cell, Estimate, change, of_runs
from coral_cli.report.grouping import Task
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import Evaluated, evaluations

REFERENCES = ("own", "clean")
"""What others are compared with: the condition of training or, where that was not evaluated, the clean one."""

Place = tuple[int, str]
"""An agent by its number, and a condition."""


@dataclass(frozen=True)
class Robustness:
    """Agents of a task under conditions; a cell's number is None where no run has been there."""

    conditions: Sequence[str]
    episodes: frozenset[int]
    seeds: frozenset[int]
    steps: frozenset[int | None]
    """The steps for which the agents had been trained."""
    runs: Mapping[int, int]
    """The number of runs that were evaluated, by agent."""
    returns: Mapping[Place, Estimate]
    successes: Mapping[Place, Estimate]
    changes: Mapping[Place, tuple[Estimate, float | None]]
    """What a condition changes on the same episodes, and the share of the return that is kept, if it means anything."""
    reference: str | None


def robustness(task: Task, damaged: list[str]) -> Robustness | None:
    """Return the agents of a task under the conditions of their evaluations; None where there is none.

    Why a file cannot be read is added to ``damaged``; the run's others count.
    """
    kept = {
        (number, place): evaluations(RunDirectory(agent.runs[place].path), damaged)
        for number, agent in enumerate(task.agents)
        for place in range(len(agent.runs))
    }
    every = [one for found in kept.values() for one in found]
    if not every:
        return None
    names = _names(every)
    known = {place: {names[one.condition, one.flags]: one for one in found} for place, found in kept.items()}
    conditions = list(dict.fromkeys(name for found in known.values() for name in found))
    conditions.sort(key=lambda name: min(_rank(found[name]) for found in known.values() if name in found))
    reference = _reference(known.values(), conditions)
    table: tuple[dict[Place, Estimate], dict[Place, Estimate], dict[Place, tuple[Estimate, float | None]]] = (
        {},
        {},
        {},
    )
    returns, successes, changes = table
    for number in range(len(task.agents)):
        runs = [found for (agent, _), found in known.items() if agent == number]
        for name in conditions:
            cells = [_cell(found[name]) for found in runs if name in found]
            if not cells:
                continue
            place = number, name
            returns[place] = of_runs([cell.average.value for cell in cells], cells[0].average)
            shares = [share for cell in cells if (share := cell.success)]
            if shares:
                successes[place] = of_runs([share.value for share in shares], shares[0])
            if reference and name != reference and (both := _changes(runs, name, reference)):
                changes[place] = both
    return Robustness(
        conditions=conditions,
        episodes=frozenset(len(one.returns) for one in every),
        seeds=frozenset(one.seed for one in every),
        steps=frozenset(one.step for one in every),
        runs=_counts([number for (number, _), found in known.items() if found]),
        returns=returns,
        successes=successes,
        changes=changes,
        reference=reference,
    )


def _names(every: Collection[Evaluated]) -> dict[tuple[str, str], str]:
    """Name conditions, each by its name and its flags, with the flags where any run has others under that name."""
    conditions = {(one.condition, one.flags) for one in every}
    names = [name for name, _ in conditions]
    return {(name, flags): name if names.count(name) == 1 else f"{name} ({flags})" for name, flags in conditions}


def _rank(one: Evaluated) -> tuple[int, str]:
    return REFERENCES.index(one.stands_for) if one.stands_for in REFERENCES else len(REFERENCES), one.condition


def _reference(known: Collection[Mapping[str, Evaluated]], conditions: Sequence[str]) -> str | None:
    for stands_for in REFERENCES:
        for name in conditions:
            if all(found[name].stands_for == stands_for for found in known if name in found):
                return name
    return None


def _cell(one: Evaluated) -> Cell:
    return Cell(one.returns, one.successes, {})


def _changes(
    runs: Sequence[Mapping[str, Evaluated]], name: str, reference: str
) -> tuple[Estimate, float | None] | None:
    """Return the change over the runs that were evaluated on the same episodes in both conditions."""
    pairs = [
        (found[name], found[reference])
        for found in runs
        if name in found and reference in found and _episodes(found[name]) == _episodes(found[reference])
    ]
    if not pairs:
        return None
    known = [change(_cell(here), _cell(there)) for here, there in pairs]
    difference = of_runs([one.difference.value for one in known], known[0].difference)
    if any(one.kept is None for one in known):
        return difference, None
    here, there = (sum(_cell(pair[side]).average.value for pair in pairs) for side in (0, 1))
    return difference, here / there


def _episodes(one: Evaluated) -> tuple[object, ...]:
    return one.seed, len(one.returns), one.step, one.renderer


def _counts(numbers: Sequence[int]) -> dict[int, int]:
    return {number: numbers.count(number) for number in dict.fromkeys(numbers)}
