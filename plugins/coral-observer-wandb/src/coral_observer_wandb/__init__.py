"""The observer ``wandb``: what coral asks of this package. Importing it does not import wandb."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import Help, Observer, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import ObserverModule


@dataclass(frozen=True)
class WandbOptions:
    """Options of where runs are shown."""

    project: Annotated[str, Help("The project that the run is shown in.")] = "coral"
    entity: Annotated[str | None, Help("The user or team that the project belongs to.")] = None
    group: Annotated[str | None, Help("A name for runs that belong together.")] = None
    mode: Annotated[
        Literal["online", "offline"] | None,
        Help("Offline keeps the run in its directory, for wandb sync. Else what WANDB_MODE says, or online."),
    ] = None
    films: Annotated[bool, Help("Also send the films of --film-every, and pictures of them.")] = True


def build(options: WandbOptions, run: Path) -> ObserverModule:
    """Return the observer. Raises UsageError when wandb is not installed."""
    try:
        from coral_observer_wandb.observer import WandbObserver
    except ImportError as error:
        raise UsageError(
            f"the observer wandb needs wandb, which cannot be imported ({error}).",
            "pip install wandb, or leave out --observer wandb.",
        ) from error
    return WandbObserver(run, options.project, options.entity, options.group, options.mode, options.films)


@hookimpl
def coral_observers() -> Iterable[Observer]:
    """Yield one observer."""
    yield Observer("wandb", "Sends numbers, flags and films to Weights & Biases, or keeps them.", build, WandbOptions())
