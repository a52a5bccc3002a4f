"""The engine ``ray``: what coral asks of this package. Importing it does not import Ray."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import AbsentError, Engine, Help, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import EngineModule


@dataclass(frozen=True)
class RayOptions:
    """Options of which cluster it is, and what of it each run takes."""

    address: Annotated[
        str, Help("The cluster: HOST:PORT of its head, or auto, what RAY_ADDRESS says or that of this machine.")
    ] = "auto"
    cpus: Annotated[int, Help("CPUs that each run takes, and its threads.", min=1)] = 1
    gpus: Annotated[float, Help("GPUs that each run takes; with 0.5, two share one.", min=0)] = 0.0
    memory: Annotated[float | None, Help("GiB of memory that each run takes (default: nobody counts).", min=0)] = None

    def __str__(self) -> str:
        """Say what each run takes, in words."""
        words = [f"{self.cpus} CPU{'s' if self.cpus > 1 else ''}"]
        words += [f"{self.gpus:g} GPU{'s' if self.gpus > 1 else ''}"] if self.gpus else []
        words += [f"{self.memory:g} GiB"] if self.memory else []
        return ", ".join(words)


def build(options: RayOptions, folder: Path, most: int | None) -> EngineModule:
    """Return the engine, connected to its cluster. Raises UsageError where there is none, or no Ray."""
    if options.gpus > 1 and options.gpus % 1:
        raise UsageError(f"no run can have {options.gpus:g} GPUs.", "Choose a whole number, or a part of one GPU.")
    try:
        from coral_engine_ray.engine import RayEngine
    except ImportError as error:
        raise AbsentError(
            f"the engine ray needs Ray, which cannot be imported ({error}).", "pip install ray, or leave out --on ray."
        ) from error
    return RayEngine(options, folder, most)


@hookimpl
def coral_engines() -> Iterable[Engine]:
    """Yield one engine."""
    yield Engine("ray", "A Ray cluster whose machines share the sweep's directory.", build, RayOptions())
