"""One HTML page that needs nothing but itself: pictures, tables, and the command of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from coral_cli.registry.places import as_written
from coral_cli.report.figure import as_svg
from coral_cli.report.grouping import Task, word
from coral_cli.report.reading import Run
from coral_cli.report.statistics import RESAMPLES
from coral_cli.runs.files import replacing


@dataclass(frozen=True)
class Section:
    """A task and its table, as text; all columns but the first hold numbers."""

    task: Task
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def runs(self) -> list[Run]:
        return [run for agent in self.task.agents for run in agent.runs]

    @property
    def differences(self) -> list[tuple[str, str]]:
        """The agents, and the flags in which they differ."""
        return [
            (agent.name, "  ".join(word(*item) for item in agent.differs.items()))
            for agent in self.task.agents
            if agent.differs
        ]


def write(sections: Sequence[Section], metric: str, path: Path) -> None:
    """Write the page. Raises CoralError without matplotlib, or when it cannot be written."""
    source = (resources.files("coral_cli") / "report" / "page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    runs = {run.path: run for section in sections for run in section.runs}.values()
    text = template.render(
        metric=metric,
        sections=[vars(section) | _drawn(section, metric) for section in sections],
        runs=[_facts(run) for run in runs],
        commands=[(as_written(run.path), run.record.get("command", "")) for run in runs],
        resamples=f"{RESAMPLES:,}",
    )
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _drawn(section: Section, metric: str) -> dict[str, object]:
    return {"picture": as_svg(section.task, metric), "differences": section.differences}


def _facts(run: Run) -> tuple[object, ...]:
    machine = run.record.get("machine", {})
    device = run.record.get("device", "")
    gpus = machine.get("gpus") if device != "cpu" else None
    where = ", ".join(gpus) if gpus else f"{device}, {machine.get('cpus', '?')} cores"
    started = str(run.record.get("started", ""))[:10]
    return as_written(run.path), run.seed, f"{run.steps[-1]:,}", where, started, run.record.get("coral", "")
