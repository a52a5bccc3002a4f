"""What ``coral report`` tells of evaluations and probes after training: tables of its page, and of its document."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from coral_cli.commands.report_tables import TextTable
from coral_cli.display.numbers import count, number
from coral_cli.registry.options import Json
from coral_cli.report.conditions import Robustness, robustness
from coral_cli.report.estimates import Estimate
from coral_cli.report.grouping import Task
from coral_cli.report.probes import Probes, probes

INTERVAL = "95 % interval over runs, of a single one over its episodes"


def later(task: Task, damaged: list[str]) -> list[tuple[str, list[TextTable]]]:
    """Return headings with the tables below them; none of what was not looked at, nor of several tasks that are pooled.

    Why a run's files cannot be read is added to ``damaged``.
    """
    if not _alone(task):
        return []
    names = [agent.name for agent in task.agents]
    found, seen = robustness(task, damaged), probes(task, damaged)
    groups = [("Under other conditions", _conditions(found, names) if found else [])]
    groups.append(("In the latent", _probes(seen, names) if seen else []))
    return [(title, tables) for title, tables in groups if tables]


def documents(task: Task, damaged: list[str]) -> dict[str, Json]:
    """Return the same as ``conditions`` and ``probes``, each None where the page has no table of it."""
    names = [agent.name for agent in task.agents]
    found, seen = (robustness(task, damaged), probes(task, damaged)) if _alone(task) else (None, None)
    return {
        "conditions": found and _conditions_document(found, names),
        "probes": seen and _probes_document(seen, names),
    }


def _alone(task: Task) -> bool:
    return len({run.task for agent in task.agents for run in agent.runs}) == 1


def _conditions_document(found: Robustness, names: Sequence[str]) -> Json:
    cells = []
    for (agent, condition), average in found.returns.items():
        place = agent, condition
        success, (change, kept) = found.successes.get(place), found.changes.get(place, (None, None))
        cells.append(
            {
                "agent": names[agent],
                "condition": condition,
                "runs": found.runs[agent],
                "return": asdict(average),
                "success": success and asdict(success),
                "change": change and asdict(change),
                "kept": kept,
            }
        )
    return {
        "reference": found.reference,
        "episodes": sorted(found.episodes),
        "seeds": sorted(found.seeds),
        "steps": _known(found.steps),
        "cells": cells,
    }


def _probes_document(seen: Probes, names: Sequence[str]) -> Json:
    return {
        "unseen": sorted(seen.unseen),
        "steps": _known(seen.steps),
        "latent": [
            {"agent": names[agent], "runs": seen.runs[agent], "reader": reader, "quantity": name, **asdict(share)}
            for (agent, reader), shares in seen.latent.items()
            for name, share in shares.items()
        ],
        "pictures": [
            {"agent": names[agent], "runs": seen.runs[agent], "steps_before": before, **asdict(share)}
            for agent, shares in seen.pictures.items()
            for before, share in shares.items()
        ],
    }


def _known(steps: Collection[int | None]) -> list[int]:
    return sorted(step for step in steps if step is not None)


def _conditions(found: Robustness, names: Sequence[str]) -> list[TextTable]:
    """Return tables of returns, of successes and of changes, a row for each agent."""
    same = len(found.seeds) == len(found.episodes) == 1
    episodes = _plural(found.episodes, "episode")
    about = f"{episodes}{', the same for all' if same else ''}{_after(found.steps)}; {INTERVAL}"
    returns = {place: _said(known) for place, known in found.returns.items()}
    tables = [_by_agent(f"Return under other conditions: {about}", "return", found, names, returns)]
    if found.successes:
        successes = {place: _said(known) for place, known in found.successes.items()}
        tables.append(_by_agent(f"Success rate under other conditions: {about}", "success", found, names, successes))
    if found.changes:
        changes = {place: _changed(*known) for place, known in found.changes.items()}
        caption = f"Change of the return from {found.reference}, on the same episodes, and the share that is kept"
        tables.append(_by_agent(caption, f"change from {found.reference}", found, names, changes))
    return tables


def _by_agent(
    caption: str, title: str, found: Robustness, names: Sequence[str], cells: Mapping[tuple[int, str], str]
) -> TextTable:
    shown = [name for name in found.conditions if any(place[1] == name for place in cells)]
    rows = [
        [names[agent], count(runs), *(cells.get((agent, name), "-") for name in shown)]
        for agent, runs in found.runs.items()
    ]
    return TextTable(caption, [title, "runs", *shown], rows)


def _probes(seen: Probes, names: Sequence[str]) -> list[TextTable]:
    """Return tables of quantities and of pictures, a row for each of them."""
    told = {agent: f"{names[agent]} ({count(runs)} run{'s' if runs > 1 else ''})" for agent, runs in seen.runs.items()}
    about = f"{_plural(seen.unseen, 'unseen episode')}{_after(seen.steps)}; R2: 1 is all, 0 nothing"
    latent = {f"{told[agent]}, {reader}": shares for (agent, reader), shares in seen.latent.items()}
    tables = [_by_row(f"What readers find in the latent: {about}", "in the latent", latent)] if latent else []
    if seen.pictures:
        pictures = {
            told[agent]: {
                "as it is seen" if not ahead else f"foreseen {ahead} step{'s' if ahead > 1 else ''} before": share
                for ahead, share in shares.items()
            }
            for agent, shares in seen.pictures.items()
        }
        tables.append(_by_row(f"What is decoded of the picture: {about}", "the picture", pictures))
    return tables


def _by_row(caption: str, title: str, columns: Mapping[str, Mapping[str, Estimate]]) -> TextTable:
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    cells = [[row, *(_share(column.get(row)) for column in columns.values())] for row in rows]
    return TextTable(caption, [title, *columns], cells)


def _said(estimate: Estimate, sign: str = "") -> str:
    mean = f"{sign}{number(estimate.value)}"
    return mean if estimate.low is None else f"{mean} [{number(estimate.low)}, {number(estimate.high)}]"


def _changed(difference: Estimate, kept: float | None) -> str:
    said = _said(difference, "+" if difference.value > 0 else "")
    return said if kept is None else f"{said} {100 * kept:.0f} %"


def _share(estimate: Estimate | None) -> str:
    """Write a share with two decimals."""
    if estimate is None:
        return "-"
    ends = "" if estimate.low is None or estimate.high is None else f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return f"{estimate.value:.2f}{ends}".replace("-0.00", "0.00")


def _plural(counts: Collection[int], what: str) -> str:
    """Return ``20 episodes``, or ``8 to 20 episodes`` where there are several numbers."""
    said = " to ".join(count(number) for number in dict.fromkeys([min(counts), max(counts)]))
    return f"{said} {what}{'' if said == '1' else 's'}"


def _after(steps: Collection[int | None]) -> str:
    """Return after how many steps that was, as far as it is known."""
    known = _known(steps)
    return f", after {_plural(known, 'step')}" if known else ""
