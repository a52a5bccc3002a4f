"""A table of agents under conditions: what each comes to, and what that changes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.report.estimates import Cell, Change, Estimate, change
from coral_cli.runs.files import replacing

Place = tuple[int, int]
"""An agent and a condition, by their places in the table."""

COLUMNS = (
    *("agent", "checkpoint", "env", "condition", "flags", "seed", "episodes", "renderer"),
    *("return", "return_low", "return_high", "success", "success_low", "success_high"),
    *("reference", "change", "change_low", "change_high", "kept"),
)
"""The columns of a file, which has a line for each agent under each condition."""


@dataclass
class Table:
    """Cells by agent and condition, as far as they were evaluated, all on the same episodes."""

    env: str
    agents: Sequence[str]
    checkpoints: Sequence[Path]
    conditions: Sequence[str]
    flags: Sequence[str]
    """What each condition changes, as it stands on the command line."""
    reference: int | None
    """The place of the condition that others are compared with."""
    seed: int
    episodes: int
    renderer: str
    cells: dict[Place, Cell] = field(default_factory=dict)
    films: dict[Place, Path] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of cells when all are evaluated."""
        return len(self.agents) * len(self.conditions)

    def changed(self, place: Place) -> Change | None:
        """Return the change against the reference; None where one of both is not there, or it is the reference."""
        agent, condition = place
        if self.reference is None or condition == self.reference:
            return None
        cell, known = self.cells.get(place), self.cells.get((agent, self.reference))
        return change(cell, known) if cell and known else None


def document(table: Table) -> Json:
    """Return the table as JSON: agents with a cell for each condition that was evaluated."""
    return {
        "env": table.env,
        "episodes": table.episodes,
        "seed": table.seed,
        "renderer": table.renderer,
        "reference": None if table.reference is None else table.conditions[table.reference],
        "complete": len(table.cells) == table.size,
        "conditions": [
            {"name": name, "flags": flags} for name, flags in zip(table.conditions, table.flags, strict=True)
        ],
        "agents": [
            {
                "name": name,
                "checkpoint": as_written(table.checkpoints[agent]),
                "cells": {
                    condition: _cell(table, (agent, index))
                    for index, condition in enumerate(table.conditions)
                    if (agent, index) in table.cells
                },
            }
            for agent, name in enumerate(table.agents)
        ],
    }


def _cell(table: Table, place: Place) -> dict[str, Json]:
    cell, known, film = table.cells[place], table.changed(place), table.films.get(place)
    return {
        "return": asdict(cell.average),
        "success": asdict(cell.success) if cell.success else None,
        "change": asdict(known) if known else None,
        "statistics": dict(cell.statistics),
        "returns": list(cell.returns),
        "successes": list(cell.successes),
        "video": film and as_written(film),
    }


def write_csv(path: Path, table: Table) -> None:
    """Write a line for each cell. Raises CoralError when it cannot be written."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        lines.writerows(_lines(table))


def _lines(table: Table) -> Iterator[Sequence[Json]]:
    for (agent, index), cell in table.cells.items():
        known = table.changed((agent, index))
        yield (
            *(table.agents[agent], as_written(table.checkpoints[agent]), table.env),
            *(table.conditions[index], table.flags[index], table.seed, table.episodes, table.renderer),
            *_numbers(cell.average),
            *_numbers(cell.success),
            table.conditions[table.reference] if known and table.reference is not None else None,
            *_numbers(known.difference if known else None),
            known.kept if known else None,
        )


def _numbers(estimate: Estimate | None) -> tuple[float | None, ...]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
