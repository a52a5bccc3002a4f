"""One HTML page that needs no network: curves, tables, films, and the command of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Protocol, get_args

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import visible
from coral_cli.report import chart
from coral_cli.report.chart import Chart, profile_chart
from coral_cli.report.comparison import Comparison
from coral_cli.report.curves import Series, curves, names_of, series_of
from coral_cli.report.films import films
from coral_cli.report.grouping import Agent, Task, word
from coral_cli.report.published import reached
from coral_cli.report.reading import Over, Run
from coral_cli.report.series import DRAWN_RESAMPLES, POINTS
from coral_cli.report.statistics import RESAMPLES
from coral_cli.runs.files import replacing

COLOURS = 8
"""The number of agents with colours of their own; those beyond have other dashes, too."""

TITLES = {
    "evaluation": ("Evaluations", "No run has been evaluated yet."),
    "loss": ("Losses", "These runs have no losses: they have not learned yet, or nothing in them learns."),
    "metric": ("What the losses tell besides", ""),
    "share": ("Shares of the gradient that reaches the encoders", ""),
    "policy": ("The policy", ""),
    "gradient": ("Norms of gradients", ""),
}
"""The heading of each group of curves, and what to say where it has none; without that it is folded."""


class TextTable(Protocol):
    """A table as text, with what it holds in a few words; all columns but the first hold numbers."""

    @property
    def caption(self) -> str: ...

    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def rows(self) -> Sequence[Sequence[str]]: ...


@dataclass(frozen=True)
class Section:
    """A task and its tables, the first of which goes with the curves; ``comparison`` has the agents' profiles."""

    task: Task
    tables: Sequence[TextTable]
    comparison: Comparison | None = None
    later: Sequence[tuple[str, Sequence[TextTable]]] = ()
    """Headings, with tables of what was found out after the training."""

    @property
    def runs(self) -> list[Run]:
        return [run for agent in self.task.agents for run in agent.runs]

    @property
    def pooled(self) -> bool:
        """Whether the task is several, whose losses have no common scale."""
        return len({run.task for run in self.runs}) > 1

    @property
    def differences(self) -> list[tuple[str, str]]:
        """The agents, and the flags in which they differ."""
        return [
            (agent.name, "  ".join(word(*item) for item in agent.differs.items()))
            for agent in self.task.agents
            if agent.differs
        ]


@dataclass(frozen=True)
class Group:
    """Charts that belong together."""

    title: str
    empty: str
    charts: Sequence[Chart]

    @property
    def folded(self) -> bool:
        return not self.empty

    @property
    def size(self) -> int:
        """The number of charts that are seen at a time."""
        return sum(chart.over != "time" for chart in self.charts)


def write(
    sections: Sequence[Section], metric: str, path: Path, left_out: Sequence[str] = (), over: Over = "steps"
) -> None:
    """Write the page, and beside it the films that it cannot link to.

    ``left_out`` says of other runs why they are not there; ``over`` is what curves go over until the reader chooses.
    Raises CoralError when it cannot be written, UnreadableError for a run whose metrics are damaged.
    """
    source = (resources.files("coral_cli") / "report" / "page.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, finalize=_written).from_string(source)
    runs = list({run.path: run for section in sections for run in section.runs}.values())
    known = series_of([section.task for section in sections])
    text = template.render(
        title=f"{metric} of {len(runs)} run{'s' if len(runs) != 1 else ''}",
        metric=metric,
        sections=[_drawn(section, metric, known) for section in sections],
        over=over,
        films=films(runs, path),
        runs=[_facts(run, known) for run in runs],
        commands=[(as_written(run.path), run.metadata.get("command", "")) for run in runs],
        left_out=left_out,
        size=_size(),
        colours=COLOURS,
        points=POINTS,
        resamples=f"{RESAMPLES:,}",
        drawn_resamples=f"{DRAWN_RESAMPLES:,}",
    )
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _written(value: object) -> object:
    """Return what the template may fill in: no text that HTML cannot hold, as a folder may be called."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return visible(value).encode("utf-8", "replace").decode()


def _drawn(section: Section, metric: str, known: Series) -> dict[str, object]:
    task = section.task
    groups = []
    for group, (title, empty) in TITLES.items():
        names = names_of(task, group, metric, known)
        charts = [_chart(task, group, name, over, metric, known) for name in names for over in get_args(Over)]
        if charts or (empty and not section.pooled):
            groups.append(Group(title, empty, charts))
    if section.comparison is not None:
        groups[0] = replace(groups[0], charts=[*groups[0].charts, _profiles(section, section.comparison, metric)])
    return {
        "name": task.name,
        "agents": [(agent.name, _counted(agent)) for agent in task.agents],
        "groups": groups,
        "tables": section.tables,
        "later": section.later,
        "differences": section.differences,
    }


def _counted(agent: Agent) -> str:
    return f"{len(agent.runs)} run{'s' if len(agent.runs) != 1 else ''}"


def _chart(task: Task, group: str, name: str, over: Over, metric: str, known: Series) -> Chart:
    """Draw the curve of those agents and runs that have it."""
    drawn = curves(task, group, name, over, known)
    compared = group == "evaluation" and name == metric and over == "steps"
    return chart.chart(drawn, [reached(agent, metric) if compared else {} for _, agent in drawn.agents])


def _profiles(section: Section, compared: Comparison, metric: str) -> Chart:
    """Draw how many of each agent's runs are above each value."""
    places = [section.task.agents.index(agent) for agent in compared.agents]
    names = [agent.name for agent in compared.agents]
    known = list(zip(places, names, compared.profiles, strict=True))
    return profile_chart(f"runs above a {metric}, after {compared.step:,} steps", metric, known)


def _size() -> dict[str, int]:
    """Return the places in a chart, in pixels."""
    right, bottom = chart.WIDTH - chart.RIGHT, chart.HEIGHT - chart.BOTTOM
    return {
        "width": chart.WIDTH,
        "height": chart.HEIGHT,
        "left": chart.LEFT,
        "right": right,
        "top": chart.TOP,
        "bottom": bottom,
        "across": right - chart.LEFT,
        "down": bottom - chart.TOP,
    }


def _facts(run: Run, known: Series) -> tuple[object, ...]:
    machine, device = run.metadata.get("machine", {}), run.metadata.get("device", "")
    gpus = machine.get("gpus") if device != "cpu" else None
    where = ", ".join(gpus) if gpus else f"{device}, {machine.get('cpus', '?')} cores"
    started = run.metadata.get("started", "")[:10]
    last = max((one.steps[-1] for group in known[run.path].values() for one in group.values()), default=0)
    return as_written(run.path), run.seed, f"{last:,}", where, started, run.metadata.get("coral", "")
