"""Jobs as actors of a Ray cluster."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.cloudpickle
from ray.exceptions import RayError, RayTaskError

from coral_cli.plugin import Job, JobStatus
from coral_engine_ray import RayOptions, attempt
from coral_engine_ray.cluster import connected, described, needs

MARK = "ray-mark"
"""A file in the sweep's directory, by which a machine knows that it sees that directory."""
QUEUED = 100
"""Jobs that wait in the cluster's own queue, at most."""
SAVING = 90.0
"""Seconds that jobs are given to save when the engine is closed."""
CUT_OFF = (signal.SIGTERM, signal.SIGKILL)
"""Signals that nobody but the machine sends, unless a sweep is stopped: it is wanted, or its memory is full."""
TAKEN = ("PYTHONPATH", "MUJOCO_GL", "PYOPENGL_PLATFORM")
"""Variables of the sweep's environment that jobs get, beside those of coral."""


@dataclass
class Flight:
    """An attempt that the cluster has taken on; ``host`` is the machine, once it runs."""

    actor: Any
    begun: Any
    ended: Any
    host: str = ""


class RayEngine:
    """An engine of one actor a job, at most ``most`` at a time (None: as many as the cluster has room for)."""

    def __init__(self, options: RayOptions, folder: Path, most: int | None) -> None:
        with ExitStack() as stack:
            stack.enter_context(connected(options.address))
            self.about = described(options, most)
            self._connection = stack.pop_all()
        ray.cloudpickle.register_pickle_by_value(attempt)  # so that machines need not have this package
        self._actors = ray.remote(max_concurrency=4, **needs(options))(attempt.Attempt)
        self._environ = _environ(options)
        self._most, self._mark, self._token = most, folder / MARK, ""
        self._waiting: dict[str, Job] = {}
        self._flights: dict[str, Flight] = {}
        self._over: dict[str, JobStatus] = {}
        self._cancelled: list[bool] = []

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take on ``jobs``; ``poll`` gives them to the cluster."""
        if not self._token:
            self._token = uuid.uuid4().hex
            self._mark.write_text(self._token, encoding="utf-8")
        for job in jobs:
            self._over.pop(job.name, None)
            self._waiting[job.name] = job

    def poll(self) -> Mapping[str, JobStatus]:
        """Look at what has begun and ended, give the cluster more, and return the status of each job."""
        self._look()
        while self._waiting and self._room():
            job = self._waiting.pop(next(iter(self._waiting)))
            self._flights[job.name] = self._started(job)
        flying = {name: JobStatus("running" if flight.host else "pending") for name, flight in self._flights.items()}
        return {**dict.fromkeys(self._waiting, JobStatus("pending")), **flying, **self._over}

    def cancel(self, at_once: bool) -> None:
        """Send SIGTERM; ``at_once`` SIGINT, which ends a training that was asked to save, and after that SIGKILL."""
        self._look()
        self._over |= dict.fromkeys(self._waiting, JobStatus("preempted"))
        self._waiting.clear()
        number = (signal.SIGKILL if True in self._cancelled else signal.SIGINT) if at_once else signal.SIGTERM
        self._cancelled.append(at_once)
        for name, flight in list(self._flights.items()):
            if flight.host:
                flight.actor.signal.remote(int(number))
            else:
                self._land(name, JobStatus("preempted"))

    def close(self) -> None:
        """End what still runs, wait until it has saved, and disconnect."""
        self.cancel(at_once=False)
        end = time.monotonic() + SAVING
        while self._flights and time.monotonic() < end:
            time.sleep(0.1)
            self._look()
        for name in list(self._flights):
            self._land(name, JobStatus("preempted"))
        if self._token:
            self._mark.unlink(missing_ok=True)
        self._connection.close()

    def _room(self) -> bool:
        """Return whether the cluster is to be given one more job."""
        if self._most is not None:
            return len(self._flights) < self._most
        return sum(not flight.host for flight in self._flights.values()) < QUEUED

    def _started(self, job: Job) -> Flight:
        actor = self._actors.remote()
        mark = str(self._mark), self._token
        run = actor.run.remote(job.command, str(job.directory), str(job.log), self._environ, mark)
        return Flight(actor, actor.where.remote(), run)

    def _look(self) -> None:
        """Take in what has begun and what has ended, without waiting."""
        refs = [ref for flight in self._flights.values() for ref in (flight.begun, flight.ended)]
        ready = set(ray.wait(refs, num_returns=len(refs), timeout=0)[0]) if refs else set()
        for name, flight in list(self._flights.items()):
            if flight.begun in ready and not flight.host:
                with suppress(RayError):  # which the end will say, too
                    flight.host = ray.get(flight.begun)
            if flight.ended in ready:
                self._land(name, self._ended(flight))

    def _land(self, name: str, status: JobStatus) -> None:
        """Let go of a job's actor: nothing may be left of an attempt that counts as over."""
        flight = self._flights.pop(name)
        with suppress(RayError):
            ray.kill(flight.actor)
        self._over[name] = status

    def _ended(self, flight: Flight) -> JobStatus:
        try:
            code, why = ray.get(flight.ended)
        except RayTaskError as error:
            return JobStatus("failed", str(error).strip().splitlines()[-1])
        except RayError as error:
            where = f" on {flight.host}" if flight.host else ""
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]  # the others are for Ray's developers
            return JobStatus("preempted", f"its worker{where} was lost: {said.rstrip('.')}")
        if code is None:
            return JobStatus("failed", why)
        if code == 0:
            return JobStatus("done")
        by = _signal(-code if code < 0 else code - 128)
        cut_off = by in CUT_OFF or (by is not None and self._cancelled)
        return JobStatus("preempted" if cut_off else "failed", f"ended by {by.name}" if by else f"exit code {code}")


def _environ(options: RayOptions) -> dict[str, str]:
    taken = {name: text for name, text in os.environ.items() if name in TAKEN or name.startswith("CORAL_")}
    unseen = {} if options.gpus else {"CUDA_VISIBLE_DEVICES": ""}  # what a run has not asked for may be another's
    return {**taken, **unseen, "OMP_NUM_THREADS": str(options.cpus)}


def _signal(number: int) -> signal.Signals | None:
    """Return the signal of a number, if it is one's."""
    try:
        return signal.Signals(number)
    except ValueError:
        return None
