"""The engine ``slurm``: what coral asks of this package. Importing it imports neither submitit nor cloudpickle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import AbsentError, Engine, Help, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import EngineModule


@dataclass(frozen=True)
class SlurmOptions:
    """Options of what each job gets."""

    partition: Annotated[str | None, Help("Partition (default: the cluster's own).")] = None
    time: Annotated[
        str, Help("Time limit of a job, as 90m, 4h, 2d or 1-12:00:00; a run that needs more goes on in the next.")
    ] = "4h"
    cpus: Annotated[int, Help("Processor cores of each run, and threads.", min=1)] = 2
    memory: Annotated[int | None, Help("Memory of each run, in GB (default: the cluster's own).", min=1)] = None
    gpus: Annotated[int, Help("GPUs of each run.", min=0)] = 0
    account: Annotated[str | None, Help("Account that is charged.")] = None
    constraint: Annotated[str | None, Help("Features that the nodes must have.")] = None
    extra: Annotated[str | None, Help("More flags of sbatch, as '--qos=low --exclude=node1'.")] = None
    cluster: Annotated[
        Literal["slurm", "local"], Help("Where jobs go; local tries it out on this machine, without Slurm.")
    ] = "slurm"


def build(options: SlurmOptions, folder: Path, most: int | None) -> EngineModule:
    """Return the engine. Raises AbsentError without submitit, UsageError for what Slurm cannot be asked for."""
    try:
        from coral_engine_slurm.queues import Local, Slurm
    except ImportError as error:
        raise AbsentError(
            f"the engine slurm needs submitit, which cannot be imported ({error}).", "pip install submitit"
        ) from error
    from coral_engine_slurm.asking import asked_for
    from coral_engine_slurm.engine import SlurmEngine

    asked = asked_for(options, folder)
    queue = Slurm(asked) if options.cluster == "slurm" else Local(asked)
    return SlurmEngine(queue, folder, most, options.cpus)


@hookimpl
def coral_engines() -> Iterable[Engine]:
    """Yield one engine."""
    yield Engine("slurm", "Jobs of a Slurm cluster; all nodes see the sweep's directory.", build, SlurmOptions())
