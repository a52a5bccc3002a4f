"""Planned runs as jobs: ordinary trainings, each in a directory of its own, with a log of what it prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import coral_cli
from coral_cli.plugin import Job
from coral_cli.registry.places import as_written, start
from coral_cli.study.checking import Run
from coral_cli.study.plan import LOGS


def program() -> tuple[str, ...]:
    """Return the words that start coral: the program itself, whatever lies in the working directory."""
    from_here = Path(coral_cli.__file__).parents[1] == start()  # a clone that is not installed
    return (sys.executable, *(() if from_here else ("-P",)), "-m", "coral_cli")


def job_of(run: Run, folder: Path, plugins: Iterable[str], words: Sequence[str] = ()) -> Job:
    """Return the job that trains ``run`` in the sweep's ``folder``; ``words`` stand in for ``program``.

    What it waits for is named by an absolute path: the same whatever directory the sweep is gone on with from.
    """
    begin = ("--init-from", str(folder.absolute() / run.planned.after)) if run.planned.after else ()
    return Job(
        run.name,
        (
            *(words or program()),
            "train",
            *run.planned.flags,
            *plugin_words(plugins),
            *("--out", as_written(folder / run.name), *begin, "--auto-resume"),
        ),
        start(),
        folder / LOGS / f"{run.name}.log",
    )


def plugin_words(plugins: Iterable[str]) -> list[str]:
    """Return the flags that load plugins which are not installed."""
    return [word for path in plugins for word in ("--plugin", path)]
