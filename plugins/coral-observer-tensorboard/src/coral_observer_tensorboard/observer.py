"""Run events as TensorBoard's event files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from coral_cli.plugin import Event
from coral_observer_tensorboard.media import add_film, begin_flags, end_flags

FLAG = "flag/"


class TensorboardObserver:
    """An observer: numbers become scalars over environment steps, flags hyperparameters, films GIFs, words text.

    What goes wrong with pictures and hyperparameters is told once, on standard error, and costs no scalars.
    """

    def __init__(self, run: Path, folder: str, flush_seconds: int, films: bool) -> None:
        self._run, self._films = run, films
        self._writer = SummaryWriter(str(run / folder), flush_secs=flush_seconds)
        self._broken = False

    def __call__(self, event: Event) -> None:
        """Write what the event holds."""
        for tag, value in scalars(event).items():
            self._writer.add_scalar(tag, value, event.step)
        for name in ("command", "message"):
            if event.values.get(name):
                self._writer.add_text(f"{event.kind}/{name}", str(event.values[name]), event.step)
        if self._broken:
            return
        try:
            self._extras(event)
        except Exception as error:
            self._broken = True
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            print(f"TensorBoard gets no more pictures and flags: {line}", file=sys.stderr)

    def _extras(self, event: Event) -> None:
        """Write hyperparameters, and what the agent saw."""
        if event.kind == "start":
            flags = {key.removeprefix(FLAG): value for key, value in event.values.items() if key.startswith(FLAG)}
            begin_flags(self._writer, flags)
        elif event.kind == "end" and event.values["status"] == "done":
            end_flags(self._writer)
        elif event.kind == "film":
            with Image.open(self._run / event.values["picture"]) as picture:
                seen = np.asarray(picture.convert("RGB"))
            self._writer.add_image("film/seen", seen, event.step, dataformats="HWC")
            if self._films:
                add_film(self._writer, "film/film", self._run / event.values["path"], event.step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def scalars(event: Event) -> Mapping[str, float]:
    """Return the numbers of an episode, an update, an evaluation or a film, by tag.

    TensorBoard groups tags by what stands before the first slash: an update's are grouped already (``loss/image``).
    """
    if event.kind not in ("episode", "update", "evaluation", "film"):
        return {}
    return {
        key if event.kind == "update" and "/" in key else f"{event.kind}/{key}": float(value)
        for key, value in event.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
