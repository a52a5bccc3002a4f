"""Run events as the history of a run in Weights & Biases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import wandb

from coral_cli.plugin import Event

STEPS = "env_steps"
"""The axis that curves are drawn over. wandb's own step may never go back, as a resumed run's does."""


class WandbObserver:
    """An observer: numbers become the history, the start of the run its settings, and its end the summary.

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
    ) -> None:
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
            self._run.config.update(dict(event.values), allow_val_change=True)
        elif event.kind == "end":
            self._run.summary.update({"status": event.values["status"], "best_return": event.values["best_return"]})
        elif numbers := scalars(event):
            self._run.log({STEPS: event.step, **numbers})

    def close(self) -> None:
        """Wait until all is sent, or written."""
        self._run.finish()


def scalars(event: Event) -> Mapping[str, float]:
    """Return the numbers of an episode, an update or an evaluation, by name.

    wandb groups names by what stands before the first slash: an update's are grouped already (``loss/image``).
    """
    if event.kind not in ("episode", "update", "evaluation"):
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
