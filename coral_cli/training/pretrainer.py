"""Learning a representation from recorded episodes alone: updates until the budget is used up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coral_cli.training.batches import Batching
from coral_cli.training.measurement import Measurement
from coral_cli.training.progress import Journal, Progress, Supervisor
from coral_cli.training.updates import Updates


@dataclass(frozen=True)
class PretrainSchedule(Batching):
    """A batch's size, how many updates there are, and how many from one checkpoint to the next."""

    updates: int
    checkpoint_every: int

    def over(self, progress: Progress) -> bool:
        """Whether there is nothing left to do."""
        return progress.steps >= self.updates


class Pretrainer:
    """A loop of ``updates`` on a filled replay. A step of its progress is one of them."""

    def __init__(self, updates: Updates, schedule: PretrainSchedule, supervisor: Supervisor) -> None:
        self.schedule, self.interruption = schedule, supervisor.interruption
        self.journal = Journal(supervisor)
        self._updates = updates
        updates.fit_normalization()

    def run(self) -> None:
        """Learn until the budget is used up or an interruption came; save a checkpoint at the end either way."""
        progress = self.journal.progress
        self._updates.measurement = Measurement()  # the clock starts now
        while not self.interruption and not self.schedule.over(progress):
            self._updates.do()
            progress.updates += 1
            progress.steps += 1
            due = progress.updates % self.schedule.checkpoint_every == 0
            if self._updates.report_due or due:
                self._report()
            if due and not self.schedule.over(progress):
                self.checkpoint()
        self._report()
        self.checkpoint()

    def _report(self) -> None:
        updates = self.journal.progress.updates
        values = self._updates.report(updates)
        if values:
            self.journal.emit("update", updates=updates, **values)

    def checkpoint(self) -> None:
        """Save everything that a resumed run needs."""
        self.journal.checkpoint(self.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Return what was learned, the random streams and the length of the replay."""
        return self._updates.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self._updates.load_state_dict(state)
        self.journal.progress = Progress.of(state["progress"])
