"""Run events as TensorBoard's event files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from coral_cli.plugin import Event


class TensorboardObserver:
    """An observer: numbers become scalars over environment steps; the command line, notes and warnings become text."""

    def __init__(self, folder: Path, flush_seconds: int) -> None:
        self._writer = SummaryWriter(str(folder), flush_secs=flush_seconds)

    def __call__(self, event: Event) -> None:
        """Write what the event holds."""
        for tag, value in scalars(event).items():
            self._writer.add_scalar(tag, value, event.step)
        for name in ("command", "message"):
            if event.values.get(name):
                self._writer.add_text(f"{event.kind}/{name}", str(event.values[name]), event.step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def scalars(event: Event) -> Mapping[str, float]:
    """Return the numbers of an episode, an update or an evaluation, by tag.

    TensorBoard groups tags by what stands before the first slash: an update's are grouped already (``loss/image``).
    """
    if event.kind not in ("episode", "update", "evaluation"):
        return {}
    return {
        key if event.kind == "update" and "/" in key else f"{event.kind}/{key}": float(value)
        for key, value in event.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
