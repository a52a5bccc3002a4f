"""A sweep's jobs in a queue: submitted once, whoever asks, and followed until they are over."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from coral_cli.plugin import Job, JobStatus, UsageError
from coral_engine_slurm.attempt import Attempt
from coral_engine_slurm.ledger import Ended, Ledger, Sent
from coral_engine_slurm.queues import SAFE, Queue

ARRAY = 1000
"""Jobs of an array, at most: Slurm's own limit, unless a cluster has another."""
THREADS = "OMP_NUM_THREADS"
"""The variable that says how many threads torch computes with."""
SILENCE = 600.0
"""Seconds for which Slurm may give no answer."""

WAITING = frozenset(
    ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"]
)
RUNNING = frozenset(["RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "STOPPED", "SUSPENDED", "RESIZING"])
CUT_OFF = frozenset(["CANCELLED", "PREEMPTED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "REVOKED"])
ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
ENDS = frozenset(code for number in ASKING for code in (128 + number, -number))
"""Exit codes of what was asked to end, and did."""


class SlurmEngine:
    """An engine that submits jobs to ``queue`` and keeps their numbers in the sweep's ``folder``.

    A job that is in the queue already, because another process has submitted it, is followed and not submitted again.
    ``threads`` are those of each run, unless the user's environment says how many.
    """

    def __init__(self, queue: Queue, folder: Path, most: int | None, threads: int) -> None:
        self.about = queue.about if most is None else f"{most} at a time: {queue.about}"
        self._queue, self._folder = queue, folder / "slurm"
        self._most = most if queue.arrays else most or 1
        self._environ = {SAFE: os.environ.get(SAFE), THREADS: os.environ.get(THREADS) or str(threads)}
        self._ledger = Ledger(self._folder, queue.name)
        self._waiting: dict[str, Job] = {}
        self._sent: dict[str, Sent] = {}
        self._statuses: dict[str, JobStatus] = {}
        self._cancelled = False
        self._looked, self._heard = time.monotonic(), -math.inf
        self._unsure: dict[str, float] = {}

    def submit(self, jobs: Sequence[Job]) -> None:
        """Submit what is not in the queue already. Raises UsageError when Slurm refuses it."""
        (self._folder / "ended").mkdir(parents=True, exist_ok=True)
        for job in jobs:
            self._waiting[job.name] = job
            self._statuses[job.name] = JobStatus("pending")
        self._look()

    def poll(self) -> Mapping[str, JobStatus]:
        """Return the status of each job, of which Slurm is asked every few seconds."""
        if time.monotonic() - self._looked >= self._queue.every:
            self._look()
        return dict(self._statuses)

    def cancel(self, at_once: bool) -> None:
        """Call jobs back: scancel for what waits, a signal for what runs; ``at_once``, scancel for all."""
        self._cancelled = True
        self._statuses |= dict.fromkeys(self._waiting, JobStatus("preempted"))
        self._waiting.clear()
        if self._sent:
            self._queue.end([sent.number for sent in self._sent.values()], at_once)

    def close(self) -> None:
        """Leave the jobs to the queue: whoever goes on with the sweep finds them there."""

    def _look(self) -> None:
        """Ask for the states of jobs, and submit what there is room for.

        Raises UsageError when Slurm has never answered, or not for SILENCE.
        """
        self._looked = time.monotonic()
        earlier = {name: sent for name in self._waiting if (sent := self._ledger.sent(name))}
        try:
            words = self._queue.states([sent.number for sent in (*self._sent.values(), *earlier.values())])
        except OSError as error:
            if time.monotonic() - self._heard >= SILENCE:
                hint = "Jobs that were submitted go on by themselves: follow them later, with --resume."
                raise UsageError(f"Slurm gives no answer ({error}).", hint) from error
            return
        self._heard = time.monotonic()
        for name, sent in list(self._sent.items()):
            self._statuses[name] = self._status(name, words.get(sent.number))
            if self._statuses[name].state not in ("pending", "running"):
                del self._sent[name]
        if not self._cancelled:
            self._send({name: sent for name, sent in earlier.items() if words.get(sent.number) in WAITING | RUNNING})
        elif self._sent:  # one may have begun, or come back, meanwhile
            self._queue.end([sent.number for sent in self._sent.values()], at_once=False)

    def _send(self, there: Mapping[str, Sent]) -> None:
        """Submit as many of the waiting jobs as may run, but for those that are ``there`` already."""
        for name, sent in there.items():
            if sent.command == self._waiting[name].command:  # else it has to end before the new one can begin
                self._sent[name] = sent
                del self._waiting[name]
        ready = [job for name, job in self._waiting.items() if name not in there]
        others = sum(name in self._waiting for name in there)
        while ready and (room := self._room(len(self._sent) + others)) > 0:
            some, ready = ready[:room], ready[room:]
            attempts = [
                Attempt(job.command, job.directory, job.log, self._ledger.place(job.name), self._environ)
                for job in some
            ]
            numbers = self._queue.send(attempts, self._most or len(some))
            by_name = {job.name: number for job, number in zip(some, numbers, strict=True)}
            self._ledger.add(by_name, self._waiting)
            for job in some:
                self._sent[job.name] = Sent(by_name[job.name], job.command)
                del self._waiting[job.name]
                self._unsure.pop(job.name, None)

    def _room(self, busy: int) -> int:
        """Return how many jobs may be submitted now: an array keeps to ``most`` by itself, two of them would not."""
        return ARRAY if self._most is None or (self._queue.arrays and not busy) else min(ARRAY, self._most - busy)

    def _status(self, name: str, word: str | None) -> JobStatus:
        """Return what a job's state in the queue, and what it has left behind, come to."""
        if word in WAITING:
            return JobStatus("pending")
        if word in RUNNING:
            return JobStatus("running")
        ended = self._ledger.ended(name)
        if word == "CANCELLED" and not self._cancelled and not (ended and ended.code == 0):
            return JobStatus("failed", "cancelled in Slurm")
        if ended:
            return _by_code(ended)
        if word == "COMPLETED":
            return JobStatus("done")
        if word in CUT_OFF:
            return JobStatus("preempted", f"{word} in Slurm")
        since = self._unsure.setdefault(name, time.monotonic())
        if time.monotonic() - since < self._queue.lag:  # how it ended may be written, and not be seen here yet
            return JobStatus("running")
        if word is None:
            return JobStatus("preempted", "it is gone, and nobody knows why")
        return JobStatus("failed", f"{word} in Slurm; see {self._folder / 'submitit'}")


def _by_code(ended: Ended) -> JobStatus:
    if ended.code == 0:
        return JobStatus("done")
    why = f"ended by {_named(-ended.code)}" if ended.code < 0 else f"exit code {ended.code}"
    return JobStatus("preempted" if ended.asked and ended.code in ENDS else "failed", why)


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
