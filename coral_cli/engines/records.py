"""The engines that come with coral."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Engine, Help

if TYPE_CHECKING:
    from coral_cli.engines.local import Local


@dataclass(frozen=True)
class LocalOptions:
    """Options of the engine ``local``."""

    threads: Annotated[
        int | None,
        Help("Threads of each run (default: OMP_NUM_THREADS, else the cores, shared out among --jobs).", min=1),
    ] = None


def _local(options: LocalOptions, folder: Path, most: int | None) -> Local:
    from coral_cli.engines.local import Local, threads_each

    jobs = most or 1
    return Local(jobs, options.threads or threads_each(jobs))


ENGINES = (Engine("local", "Processes on this machine, --jobs at a time.", _local, LocalOptions(), here=True),)
