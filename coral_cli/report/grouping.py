"""Which runs belong together: one agent with several seeds, on one task."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json
from coral_cli.report.reading import Run

Flags = Mapping[str, Json]

LONG = 32
"""A table has no room for names of more letters."""


@dataclass(frozen=True)
class Agent:
    """Runs whose flags are the same but for the seed."""

    name: str
    """The name: as few flags as tell it from others of its task, a method and a size being one each.

    Where these are many, what its runs are called.
    """
    differs: Flags
    """All flags in which the agents of its task differ, where it has them."""
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Task:
    """All agents on one environment, with the same distractions."""

    name: str
    agents: tuple[Agent, ...]


def tasks(runs: Sequence[Run], apart: Collection[str]) -> list[Task]:
    """Sort runs by task and agent, in the order in which they come; flags ``apart`` make no other agent.

    Among those are the options of such components.
    """
    groups = _grouped(runs, lambda run: run.task)
    return [Task(", ".join(name), _agents(group, apart)) for name, group in groups.items()]


def pooled(found: Sequence[Task]) -> Task:
    """Return the agents that all of these tasks have, by name, with all their runs. Raises UsageError for none."""
    by_name = [{agent.name: agent.runs for agent in task.agents} for task in found]
    shared = [name for name in by_name[0] if all(name in runs for runs in by_name)]
    if not shared:
        known = "; ".join(f"{task.name}: {', '.join(agent.name for agent in task.agents)}" for task in found)
        raise UsageError("no agent has runs on all of these tasks.", f"Agents are pooled by name. {known}.")
    agents = [Agent(name, {}, tuple(run for runs in by_name for run in runs[name])) for name in shared]
    return Task(f"all {len(found)} tasks", tuple(agents))


def _agents(runs: Sequence[Run], apart: Collection[str]) -> tuple[Agent, ...]:
    groups = list(_grouped(runs, lambda run: json.dumps(_without(run.flags, apart), sort_keys=True)).values())
    flags = [_without(group[0].flags, apart) for group in groups]
    keys = differences(flags)
    return tuple(
        Agent(name, {key: own[key] for key in keys if key in own}, tuple(group))
        for name, own, group in zip(_short(_shorthands(groups, apart) or flags, groups), flags, groups, strict=True)
    )


def _shorthands(groups: Sequence[Sequence[Run]], apart: Collection[str]) -> list[dict[str, Json]]:
    """Return each agent's flags with the size that explains many of them; none unless all have one."""
    sized = [group[0].sized for group in groups]
    return [_without(flags, apart) for flags in sized if flags is not None] if None not in sized else []


def _grouped(runs: Sequence[Run], key: Callable[[Run], Hashable]) -> dict[Json, list[Run]]:
    groups: dict[Json, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return groups


def _without(flags: Flags, apart: Collection[str]) -> dict[str, Json]:
    return {flag: value for flag, value in flags.items() if flag.partition(".")[0] not in apart}


def differences(flags: Sequence[Flags]) -> list[str]:
    """Return the flags that are not the same in all: the method, the size, components and settings, then options.

    An option counts where it differs between two that have its component.
    """
    keys = dict.fromkeys(key for one in flags for key in one)
    return sorted(
        (key for key in keys if _differs(key, flags)), key=lambda key: (key != "method", key != "size", "." in key)
    )


def _differs(key: str, flags: Sequence[Flags]) -> bool:
    component = key.rpartition(".")[0]
    seen = {(str(one.get(component)), str(one.get(key))) for one in flags}
    return len(seen) > len({of for of, _ in seen})


def names(flags: Sequence[Flags]) -> list[str]:
    """Name each by as few differing flags as make all names different. One alone is named by its method."""
    if len(flags) == 1:
        return [str(flags[0].get("method", "agent"))]
    chosen: list[str] = []
    best = 0
    for key in differences(flags):
        known = set(_labels(flags, [*chosen, key])) - {""}
        if len(known) > best:
            chosen, best = [*chosen, key], len(known)
    return _labels(flags, chosen)


def _labels(flags: Sequence[Flags], keys: Sequence[str]) -> list[str]:
    return [", ".join(word(key, one[key]) for key in keys if key in one) for one in flags]


def _short(flags: Sequence[Flags], groups: Sequence[Sequence[Run]]) -> list[str]:
    """Return names of flags, or those of the runs where the former are long."""
    of_flags = names(flags)
    of_runs = [_prefix([run.path.resolve().name for run in group]) for group in groups]
    long = max(map(len, of_flags)) > LONG
    return of_runs if long and len(set(of_runs)) == len(groups) else of_flags


def _prefix(runs: Sequence[str]) -> str:
    """Return what runs are called without their seeds: ``cartpole`` for ``cartpole-seed0`` and ``cartpole-seed1``."""
    shared = os.path.commonprefix(runs)  # noqa: RUF071 - of letters, not of folders
    return re.sub(r"[-_.]*(s|seed)?[-_.]*$", "", shared) if len(runs) > 1 else shared


def word(flag: str, value: Json) -> str:
    """Return ``v-coral`` for a method, else the flag as it is written: ``image-loss cpc``."""
    if flag == "method":
        return str(value)
    if isinstance(value, bool):
        slot, dot, name = flag.rpartition(".")
        return flag if value else f"{slot}{dot}no-{name}"
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = "none" if value is None or value == [] else text
    return f"{flag} {text}"
