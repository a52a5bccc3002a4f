"""The observer ``tensorboard``: what coral asks of this package. Importing it imports neither torch nor tensorboard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Help, Observer, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import ObserverModule


@dataclass(frozen=True)
class TensorboardOptions:
    """Options of where to write, and how often."""

    folder: Annotated[str, Help("Where the event files go, inside the run's directory.")] = "tensorboard"
    flush: Annotated[int, Help("Seconds until what was heard is on disk.", min=1)] = 30
    films: Annotated[bool, Help("Also write the films of --film-every, as GIFs.")] = True


def build(options: TensorboardOptions, run: Path) -> ObserverModule:
    """Return the observer. Raises UsageError when tensorboard is not installed."""
    try:
        from coral_observer_tensorboard.observer import TensorboardObserver
    except ImportError as error:
        raise UsageError(
            f"the observer tensorboard needs tensorboard, which cannot be imported ({error}).",
            "pip install tensorboard, or leave out --observer tensorboard.",
        ) from error
    return TensorboardObserver(run, options.folder, options.flush, options.films)


@hookimpl
def coral_observers() -> Iterable[Observer]:
    """Yield one observer."""
    yield Observer(
        "tensorboard", "Writes numbers, flags, pictures and films for TensorBoard.", build, TensorboardOptions()
    )
