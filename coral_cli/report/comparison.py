"""Agents of a task beside one another: at steps that all of them have reached, on the scale of the metric."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coral_cli.registry.catalog import Entry
from coral_cli.registry.records import Environment
from coral_cli.report import aggregates
from coral_cli.report.aggregates import Profile, Scores
from coral_cli.report.estimates import Estimate
from coral_cli.report.grouping import Agent, Task
from coral_cli.report.statistics import last_common_step, values_at
from coral_cli.version import CORE

CONTROL = 1000.0
"""The largest return of a Control Suite's task: its episodes have 1000 steps, each paid between 0 and 1."""


@dataclass(frozen=True)
class Comparison:
    """The scores of agents at one environment step, and what these say of one against another."""

    step: int
    agents: tuple[Agent, ...]
    scores: tuple[Scores, ...]
    best: float | None
    """The largest value that the metric can have; None where nobody knows."""

    @cached_property
    def improvements(self) -> dict[tuple[int, int], Estimate]:
        """The probability that the first agent of a pair, both by their places, does better than the second."""
        found = {}
        for one, other in itertools.combinations(range(len(self.agents)), 2):
            found[one, other] = known = aggregates.improvement(self.scores[one], self.scores[other])
            found[other, one] = aggregates.complement(known)
        return found

    @cached_property
    def profiles(self) -> list[Profile]:
        """The agents' profiles, at the same thresholds."""
        places = aggregates.thresholds(self.scores, self.best)
        return [aggregates.profile(scores, places) for scores in self.scores]


def best_value(entry: Entry | None, metric: str) -> float | None:
    """Return the largest value of ``metric`` in an environment, which may not be installed; None where nobody knows.

    A success rate has 1 everywhere, and returns have one in the Control Suite, whose episodes do not end early.
    """
    if metric == "success":
        return 1.0
    if metric != "return" or entry is None or entry.distribution != CORE:
        return None
    assert isinstance(entry.record, Environment)
    return CONTROL if entry.record.suite == "control" and not entry.record.terminates else None


def best_of(task: Task, known: Mapping[str, float | None]) -> float | None:
    """Return the largest value on a task, from those of environments; None where its runs have several, or none."""
    values = {known.get(str(run.flags["env"])) for agent in task.agents for run in agent.runs}
    return values.pop() if len(values) == 1 else None


def scores_at(agent: Agent, step: int) -> Scores | None:
    """Return the scores (N) of each of the agent's tasks at a step; None where not all runs have reached it."""
    values = values_at(np.array([step]), [(run.steps, run.values) for run in agent.runs])[:, 0]
    if np.isnan(values).any():
        return None
    tasks = dict.fromkeys(run.task for run in agent.runs)
    return [values[[run.task == task for run in agent.runs]] for task in tasks]


def comparison(task: Task, steps: Sequence[int], best: float | None) -> Comparison | None:
    """Compare agents at the last of ``steps`` that all of them have reached, without any at the last there is.

    Returns None where there is none, or nothing to tell: of one agent, or where each has a single run.
    """
    agents = tuple(agent for agent in task.agents if all(run.steps for run in agent.runs))
    if not any(_repeats(agent) for agent in agents):
        return None
    for step in sorted(steps, reverse=True) or [min(last_common_step(agent.runs) for agent in agents)]:
        found = [scores_at(agent, step) for agent in agents]
        known = tuple(scores for scores in found if scores is not None)
        if len(known) == len(agents):
            return Comparison(step, agents, known, best)
    return None


def _repeats(agent: Agent) -> bool:
    """Return whether the agent has several runs on a task."""
    return len(agent.runs) > len({run.task for run in agent.runs})


def mean_and_gap(agent: Agent, step: int, best: float | None) -> tuple[Estimate | None, Estimate | None]:
    """Return an agent's mean and optimality gap at a step, as far as they are known."""
    scores = None if math.isnan(step) else scores_at(agent, step)
    if scores is None:
        return None, None
    return aggregates.mean(scores), None if best is None else aggregates.optimality_gap(scores, best)
