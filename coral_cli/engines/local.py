"""Jobs as processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from coral_cli.plugin import Job, JobStatus

THREADS = "OMP_NUM_THREADS"
"""The variable that says how many threads torch computes with."""


def threads_each(jobs: int) -> int:
    """Return how many threads each of ``jobs`` gets: as the user's environment has it, else its share of the cores."""
    asked = os.environ.get(THREADS, "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)


class Local:
    """An engine of ``most`` processes at a time, each with its share of ``threads``.

    Each process leads a session of its own: a Ctrl-C at the terminal reaches the sweep alone, which passes it on.
    """

    def __init__(self, most: int, threads: int) -> None:
        self.about = f"{most} at a time, {threads} thread{'s' if threads > 1 else ''} each"
        self._most, self._environ = most, {**os.environ, THREADS: str(threads)}
        self._waiting: dict[str, Job] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._over: dict[str, JobStatus] = {}
        self._cancelled: list[bool] = []

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take on ``jobs``; ``poll`` starts them."""
        for job in jobs:
            self._over.pop(job.name, None)
            self._waiting[job.name] = job

    def poll(self) -> Mapping[str, JobStatus]:
        """Start as many as may run, and return the status of each."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[name]
                self._over[name] = self._ended(process.returncode)
        while self._waiting and len(self._running) < self._most:
            job = self._waiting.pop(next(iter(self._waiting)))
            try:
                self._running[job.name] = self._started(job)
            except OSError as error:
                self._over[job.name] = JobStatus("failed", f"it cannot be started ({error.strerror or error})")
        return {
            **dict.fromkeys(self._waiting, JobStatus("pending")),
            **dict.fromkeys(self._running, JobStatus("running")),
            **self._over,
        }

    def cancel(self, at_once: bool) -> None:
        """Send SIGTERM; ``at_once`` SIGINT, which ends a training that was asked to save, and after that SIGKILL."""
        self._over |= dict.fromkeys(self._waiting, JobStatus("preempted"))
        self._waiting.clear()
        number = (signal.SIGKILL if True in self._cancelled else signal.SIGINT) if at_once else signal.SIGTERM
        self._cancelled.append(at_once)
        for process in self._running.values():
            _send(process, number)

    def close(self) -> None:
        """End what still runs, and wait until it has saved."""
        self.cancel(at_once=False)
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def _started(self, job: Job) -> subprocess.Popen[bytes]:
        with job.log.open("ab") as log:
            return subprocess.Popen(
                job.command,
                cwd=job.directory,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _ended(self, code: int) -> JobStatus:
        if code == 0:
            return JobStatus("done")
        by = _signal(-code if code < 0 else code - 128)
        why = f"ended by {by}" if by else f"exit code {code}"
        return JobStatus("preempted" if self._cancelled and by else "failed", why)


def _signal(number: int) -> str:
    """Return the name of a signal; "" for a number that is none's."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a job; SIGKILL to all processes that it has started, too, for it cannot end them itself."""
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
