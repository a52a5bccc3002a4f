"""Run events as the history of a run in Weights & Biases."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import wandb

from coral_cli.plugin import Event

FLAG = "flag/"
STEPS = "env_steps"
"""The axis that curves are drawn over. wandb's own step may never go back, as a resumed run's does."""


class WandbObserver:
    """An observer: numbers and films become the history, flags and the start of the run its config, its end a summary.

    A resumed run goes on in the same history: the id that wandb knows it by is kept in the run's directory. Raises what
    wandb raises, when nobody is logged in for instance.
    """

    def __init__(
        self,
        run: Path,
        project: str,
        entity: str | None,
        group: str | None,
        mode: Literal["online", "offline"] | None,
        films: bool,
    ) -> None:
        self._folder, self._films = run, films
        self._run = wandb.init(
            project=project,
            entity=entity,
            group=group,
            mode=mode,
            dir=run,
            name=run.name,
            id=_id_of(run),
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off"),  # the terminal is coral's
        )
        self._run.define_metric("*", step_metric=STEPS)

    def __call__(self, event: Event) -> None:
        """Log what the event holds."""
        if event.kind == "start":
            self._run.config.update(settings(event), allow_val_change=True)
        elif event.kind == "end":
            self._run.summary.update({"status": event.values["status"], "best_return": event.values["best_return"]})
        elif numbers := scalars(event):
            self._run.log({STEPS: event.step, **numbers})
        if event.kind == "film" and self._films:
            self._film(event)

    def _film(self, event: Event) -> None:
        """Log a film and its picture. What goes wrong with them is told once, and costs no numbers."""
        film, picture = (str(self._folder / event.values[name]) for name in ("path", "picture"))
        try:
            seen = wandb.Image(picture, caption=event.values["cameras"])
            self._run.log({STEPS: event.step, "film/film": wandb.Video(film, format="mp4"), "film/seen": seen})
        except Exception as error:
            self._films = False
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            print(f"Weights & Biases gets no more films: {line}", file=sys.stderr)

    def close(self) -> None:
        """Wait until all is sent, or written."""
        self._run.finish()


def settings(event: Event) -> dict[str, object]:
    """Return what a run is and how it began: every flag by its name, unless the start itself has a better value."""
    return {key.removeprefix(FLAG): value for key, value in event.values.items() if key.startswith(FLAG)} | {
        key: value for key, value in event.values.items() if not key.startswith(FLAG)
    }


def scalars(event: Event) -> Mapping[str, float]:
    """Return the numbers of an episode, an update, an evaluation or a film, by name.

    wandb groups names by what stands before the first slash: an update's are grouped already (``loss/image``).
    """
    if event.kind not in ("episode", "update", "evaluation", "film"):
        return {}
    return {
        key if event.kind == "update" and "/" in key else f"{event.kind}/{key}": float(value)
        for key, value in event.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _id_of(run: Path) -> str:
    """Return what wandb knows the run in this directory by; drawn when it is first observed."""
    file = run / "wandb-id"
    if not file.exists():
        file.write_text(uuid.uuid4().hex[:8], encoding="ascii")
    return file.read_text(encoding="ascii")
