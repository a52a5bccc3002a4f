"""Carrying a plan out: what is done is left alone, what was cut off goes on, what fails stops nothing else."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coral_cli.display.estimates import Range, around
from coral_cli.display.sweep import Row, RowState, SweepDisplay
from coral_cli.plugin import EngineModule, Job, JobStatus
from coral_cli.registry.stopping import Stopped
from coral_cli.study.checking import Run
from coral_cli.study.estimating import remaining
from coral_cli.study.outcomes import Follower, last_error, seen
from coral_cli.training.interruption import Interruption

TICK = 0.5
"""Seconds between looks at the jobs."""
STALLS = 3
"""Times that a run may be cut off one after another without getting any further, before it counts as failed."""

TELLING = 0.2
"""The share of its steps from which on a run tells how long all of them take: at first, actions are random."""


@dataclass
class Going:
    """A run on its way: its row in the table, and what is needed to begin it again."""

    run: Run
    job: Job
    row: Row
    follower: Follower
    logged: int = 0
    """Bytes of its log that were there before the last attempt."""
    began_at: int = -1
    """The step that it had reached when it was last submitted."""
    stalls: int = 0
    begun: bool = False
    over: bool = False
    source: Going | None = None
    """The run that it waits for."""
    submitted: bool = False

    @property
    def ready(self) -> bool:
        """Whether what it waits for is done, and it has not been submitted yet."""
        return not self.submitted and (self.source is None or self.source.row.state == "done")


@dataclass
class Sweep:
    """Runs, their jobs, and the directory that they go to; at most ``most`` at a time (None: as the engine likes).

    ``rehearsed`` are the seconds that a whole training of an agent takes, as far as that was measured. Jobs that are
    ``elsewhere`` go on when the terminal is closed.
    """

    runs: Sequence[Run]
    jobs: Sequence[Job]
    folder: Path
    most: int | None = None
    rehearsed: Mapping[str, float] = field(default_factory=dict)
    tick: float = TICK
    elsewhere: bool = False

    def __post_init__(self) -> None:
        self._going = [
            Going(run, job, self._row(run), Follower(self.folder / run.name))
            for run, job in zip(self.runs, self.jobs, strict=True)
        ]
        by_name = {one.run.name: one for one in self._going}
        for one in self._going:
            one.source = by_name.get(one.run.planned.after)

    @property
    def rows(self) -> list[Row]:
        """What is known of each run."""
        return [one.row for one in self._going]

    @property
    def failed(self) -> list[Row]:
        """The runs that have failed."""
        return [row for row in self.rows if row.state == "failed"]

    def carry_out(self, engine: EngineModule, display: SweepDisplay) -> int:
        """Do what is left to do, and return 129, 130 or 143 when a signal has come, 1 when a run failed, else 0.

        The first signal lets what runs save and end; a Ctrl-C after it ends it at once. A closed terminal leaves jobs
        elsewhere as they are: whoever goes on with the sweep submits them again, and the engine finds them there.
        """
        to_do = [one for one in self._going if one.row.state != "done"]
        with Interruption() as interruption:
            asked = False
            self._submit(engine, [one for one in to_do if one.ready])
            display(self.rows, [], self.eta)
            while to_do:
                try:
                    if self.elsewhere and interruption.signal == signal.SIGHUP:
                        break
                    if interruption and not asked:
                        asked = True
                        engine.cancel(at_once=False)
                    to_do = self._look(to_do, engine, display, again=not asked)
                    if to_do:
                        time.sleep(self.tick)
                except (Stopped, KeyboardInterrupt):
                    asked = True
                    engine.cancel(at_once=True)
        return interruption.exit_code or (1 if self.failed else 0)

    @property
    def eta(self) -> Range | None:
        """The seconds until all is done, at least and at most; None where that is not known."""
        if self.most is None:
            return None
        paces = self.paces
        left = [(one.row, _left(one.row, paces.get(one.run.agent))) for one in self._going]
        waiting = [seconds for row, seconds in left if row.state == "pending"]
        running = [
            row.eta or (around([seconds]) if seconds is not None else None)
            for row, seconds in left
            if row.state == "running"
        ]
        return remaining(waiting, running, self.most)

    @property
    def paces(self) -> dict[str, float]:
        """The seconds that a whole training of an agent takes, by agent: measured, or better, seen."""
        told = [one for one in self._going if one.row.step >= TELLING * one.row.budget and one.row.seconds]
        seen_to_take = {one.run.agent: one.row.seconds * one.row.budget / one.row.step for one in told}
        return {**self.rehearsed, **seen_to_take}

    @property
    def unknown(self) -> dict[str, Job]:
        """A job of each agent that is still to be trained and of which nobody knows how long that takes, by agent."""
        paces = self.paces
        to_do = [one for one in self._going if one.row.state == "pending" and one.run.agent not in paces]
        return {one.run.agent: one.job for one in reversed(to_do)}

    def _row(self, run: Run) -> Row:
        before = seen(self.folder / run.name, run.steps)
        state: RowState = "done" if before.done else "pending"
        return Row(run.name, run.steps, state, before.step, before.value, before.seconds)

    def _submit(self, engine: EngineModule, some: Sequence[Going]) -> None:
        for one in some:
            one.logged = one.job.log.stat().st_size if one.job.log.exists() else 0
            one.submitted = True
        engine.submit([one.job for one in some])

    def _look(self, to_do: Sequence[Going], engine: EngineModule, display: SweepDisplay, again: bool) -> list[Going]:
        """Take in what has become of the jobs, and show it; return those that are not over."""
        statuses = engine.poll()
        before = [one.row.state for one in to_do]
        sent = [one for one in to_do if one.submitted]
        now = [one for one in sent if self._take(one, statuses.get(one.job.name, JobStatus("pending")), again)]
        waiting = [one for one in to_do if not one.submitted]
        for one in waiting:
            self._give_up(one, again)
        now += [one for one in waiting if one.ready and again]
        if now:
            self._submit(engine, now)
        changed = [one.row for one, state in zip(to_do, before, strict=True) if one.row.state != state]
        display(self.rows, changed, self.eta)
        return [one for one in to_do if not one.over]

    def _take(self, one: Going, status: JobStatus, again: bool) -> bool:
        """Bring a run's row up to date; return whether it was cut off, and is to be submitted again."""
        row = one.row
        if status.state != "pending":
            one.begun = one.begun or status.state == "running"
            self._measure(one)
        if status.state in ("pending", "running"):
            row.state = status.state
            return False
        row.eta = None
        if status.state == "preempted" and again and self._got_further(one):
            row.state = "pending"
            return True
        one.over = True
        if status.state == "done":
            last = seen(self.folder / one.run.name, one.run.steps)
            row.state, row.step, row.value, row.seconds = "done", last.step, last.value, last.seconds
        elif status.state == "preempted" and not again:
            row.state = "stopped" if one.begun else "pending"
        else:
            row.state, row.reason = "failed", self._why(one, status)
        return False

    def _give_up(self, one: Going, again: bool) -> None:
        """Let go of a run that waits for what will not be done."""
        source = one.source
        if source is not None and source.over and source.row.state != "done":
            one.over, one.row.reason = True, f"it waits for {source.run.name}, which {_ending(source.row.state)}"
        one.over = one.over or not again

    def _measure(self, one: Going) -> None:
        one.follower.look()
        progress, row = one.follower.progress, one.row
        if progress.start:
            row.step, row.value, row.seconds = progress.step, one.follower.value, progress.seconds
            row.eta = one.follower.eta if progress.budget == row.budget else None  # else that of an earlier attempt

    def _got_further(self, one: Going) -> bool:
        """Return whether a run that was cut off is worth another attempt."""
        one.stalls = 0 if one.row.step > one.began_at else one.stalls + 1
        one.began_at = one.row.step
        return one.stalls < STALLS

    def _why(self, one: Going, status: JobStatus) -> str:
        said = last_error(one.job.log, one.logged) or status.reason or "nobody says why"
        return f"cut off again and again without getting any further: {said}" if one.stalls >= STALLS else said


def _left(row: Row, pace: float | None) -> float | None:
    """Return the seconds that are left of a run whose whole training takes ``pace``."""
    return None if pace is None else pace * max(0.0, 1 - row.step / row.budget)


def _ending(state: RowState) -> str:
    return "has failed" if state == "failed" else "is not done"
