"""Learning a representation from recorded episodes alone: updates until the budget is used up."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coral_cli.parallel.crew import Crew
from coral_cli.registry.events import Event, EventKind, Listener
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching
from coral_cli.training.interruption import Interruption
from coral_cli.training.learner import Learner, fit_normalization
from coral_cli.training.measurement import Measurement
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Progress


@dataclass(frozen=True)
class PretrainSchedule(Batching):
    """How many updates, and how many from one checkpoint to the next."""

    updates: int
    checkpoint_every: int


class Pretrainer:
    """Trains the representation of ``agent`` on a filled replay. A step of its progress is one update."""

    def __init__(
        self,
        agent: Agent,
        replay: Replay,
        schedule: PretrainSchedule,
        emit: Listener,
        save: Callable[[Mapping[str, Any], bool], str],
        interruption: Interruption,
        crew: Crew | None = None,
    ) -> None:
        self.schedule, self.interruption = schedule, interruption
        self.progress = Progress()
        self._learner = Learner(agent, replay, schedule, crew)
        self._emit, self._save = emit, save
        self._started = time.monotonic()
        fit_normalization(agent, replay)

    def begin(self, **values: Any) -> None:
        """Starts the clock and emits the start event with ``values``."""
        self._started = time.monotonic() - self.progress.seconds
        self.emit("start", **values)

    def run(self) -> None:
        """Until the budget is used up or an interruption came; saves a checkpoint at the end either way."""
        self._learner.measurement = Measurement()
        while not self.interruption and self.progress.steps < self.schedule.updates:
            self._learner.update()
            self.progress.updates += 1
            self.progress.steps += 1
            due = self.progress.updates % self.schedule.checkpoint_every == 0
            if self._learner.report_due or due:
                self._report()
            if due and self.progress.steps < self.schedule.updates:
                self.checkpoint()
        self._report()
        self.checkpoint()

    def _report(self) -> None:
        values = self._learner.report(self.progress.updates)
        if values:
            self.emit("update", updates=self.progress.updates, **values)

    def emit(self, kind: EventKind, **values: Any) -> None:
        """Tells the listeners, with the counters of this moment."""
        self.progress.seconds = time.monotonic() - self._started
        self._emit(Event(kind, self.progress.steps, self.progress.seconds, values))

    def checkpoint(self) -> None:
        """Saves everything that a resumed run needs."""
        self.progress.seconds = time.monotonic() - self._started
        path = self._save({"progress": dataclasses.asdict(self.progress), **self._learner.state_dict()}, False)
        self.emit("checkpoint", path=path)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what a checkpoint holds."""
        self._learner.load_state_dict(state)
        self.progress = Progress(**state["progress"])
