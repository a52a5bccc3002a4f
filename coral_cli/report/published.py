"""The paper's returns: interquartile means of 5 seeds at its size, read off its figures (arXiv 2302.05342)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

from coral_cli.report.grouping import Agent

Key = tuple[str, str, str, str]
"""The key of a published curve: setting, policy, task, method."""

SETTINGS = {
    (): ("standard", "locomotion"),
    ("video",): ("video",),
    ("procedural",): ("video",),
    ("disks",): ("occlusion",),
}
"""The paper's names for distractions. Its films are others, so those values are for orientation."""

NEAR = 0.02
"""A value may be held against the paper's this share of its steps away: episodes end where they do."""


@cache
def table() -> dict[Key, dict[int, float]]:
    """Read all published returns, by environment steps."""
    text = (resources.files("coral_cli") / "report" / "published.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    steps = [int(step) for step in header[4:]]
    return {
        (setting, policy, task, method): dict(zip(steps, map(float, values), strict=True))
        for setting, policy, task, method, *values in rows
    }


def published(agent: Agent, metric: str) -> Mapping[int, float]:
    """Return the paper's returns of an agent's method on its task, by environment steps; none where it has none."""
    run = agent.runs[0]
    if metric != "return" or any(other.task != run.task for other in agent.runs):
        return {}
    env, *distractions = run.task
    policy, method = str(run.flags.get("policy")), str(run.flags.get("method"))
    found = (table().get((setting, policy, env, method)) for setting in SETTINGS.get(tuple(distractions), ()))
    return next((values for values in found if values), {})


def reached(agent: Agent, metric: str) -> dict[int, float]:
    """Return the published returns as far as the agent's runs went."""
    reach = max(run.steps[-1] for run in agent.runs) * (1 + NEAR)
    return {step: value for step, value in published(agent, metric).items() if step <= reach}


def near(values: Mapping[int, float], step: float) -> float | None:
    """Return the one of ``values`` at ``step``, if there is one."""
    return next((value for at, value in values.items() if abs(step - at) <= NEAR * at), None)
