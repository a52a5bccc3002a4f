"""Where jobs wait and run: Slurm, or, to try things out, this machine; both by way of submitit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import cloudpickle
from submitit import LocalExecutor, SlurmExecutor

from coral_cli.plugin import UsageError
from coral_engine_slurm import attempt
from coral_engine_slurm.asking import Asked
from coral_engine_slurm.attempt import Attempt

SAFE = "PYTHONSAFEPATH"
"""A variable with which Python imports nothing that happens to lie in the working directory."""


class Queue(Protocol):
    """A queue of jobs. Each has a number; its state is told in Slurm's words.

    ``every`` are the seconds between looks at it, ``lag`` those until all machines see a file that one of them wrote,
    ``arrays`` says whether it keeps to a number of jobs at a time by itself.
    """

    name: str
    about: str
    every: float
    lag: float
    arrays: bool

    def send(self, attempts: Sequence[Attempt], most: int) -> list[str]:
        """Submit attempts, at most ``most`` at a time, and return their numbers. Raises UsageError when refused."""
        ...

    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return the states of jobs by number, as far as they are known. Raises OSError when nobody answers."""
        ...

    def end(self, numbers: Sequence[str], at_once: bool) -> None:
        """Take jobs that wait out of the queue, and ask those that run to save and end; ``at_once``, to end."""
        ...


class Slurm:
    """Slurm's queue, as squeue tells it, which needs no accounting."""

    name, every, lag, arrays = "slurm", 10.0, 60.0, True

    def __init__(self, asked: Asked) -> None:
        if not (shutil.which("sbatch") and shutil.which("srun") and shutil.which("squeue")):
            raise UsageError(
                "there is no Slurm here: sbatch, srun and squeue are not found.",
                "Run it where jobs are submitted from, or try it out with --slurm.cluster local.",
            )
        partition = f"partition {asked.words['partition']}, " if "partition" in asked.words else ""
        self.about = f"Slurm jobs, {partition}{_size(asked)}"
        self._asked = asked

    def send(self, attempts: Sequence[Attempt], most: int) -> list[str]:
        """Submit an array of jobs."""
        asked = self._asked
        executor = SlurmExecutor(asked.files / "submitit")
        executor.max_num_timeout = TIMES
        given = {
            **asked.words,
            "job_name": asked.folder.name,
            "time": -(-asked.seconds // 60),
            "cpus_per_task": asked.cpus,
            "srun_args": [f"--cpus-per-task={asked.cpus}"],  # which srun does not take over from sbatch
            "signal_delay_s": asked.saving,
            "array_parallelism": most,
            "stderr_to_stdout": True,
            "additional_parameters": {"requeue": True, **asked.extra},
        }
        if asked.gigabytes:
            given["mem"] = f"{asked.gigabytes}GB"
        if asked.gpus:
            given["gpus_per_node"] = asked.gpus
        executor.update_parameters(**given)
        return [job.job_id for job in _submitted(executor, attempts)]

    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return the states of jobs that Slurm still knows: those that ended some minutes ago as well.

        Jobs of an array that were cancelled before they began are one line, with the number of the array.
        """
        words = ["squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}", "--format=%i|%T"]
        lines = _told(words).splitlines()
        found = dict(line.strip().split("|", 1) for line in lines if "|" in line)
        told = {number: found.get(number) or found.get(number.partition("_")[0]) for number in numbers}
        return {number: word for number, word in told.items() if word}

    def end(self, numbers: Sequence[str], at_once: bool) -> None:
        """Call scancel."""
        orders = [[]] if at_once else [["--state=PENDING"], ["--state=RUNNING", "--signal=HUP"]]
        for order in orders:
            with suppress(OSError):  # said again at the next look
                _told(["scancel", "--quiet", *order, *numbers])


class Local:
    """Jobs as submitit's local executor has them: processes on this machine, each begun at once.

    It is there to try things out, and for tests: time limits and signals are as with Slurm, a queue there is not.
    """

    name, every, lag, arrays = "local", 0.5, 0.0, False

    def __init__(self, asked: Asked) -> None:
        self.about = f"processes on this machine, without Slurm, {_size(asked)}"
        self._asked = asked
        self._jobs: dict[str, Any] = {}
        self._ending: set[str] = set()

    def send(self, attempts: Sequence[Attempt], most: int) -> list[str]:
        """Start a process for each."""
        asked = self._asked
        executor = LocalExecutor(asked.files / "submitit")
        executor.max_num_timeout = TIMES
        executor.update_parameters(
            timeout_min=asked.seconds / 60,
            signal_delay_s=asked.saving,
            gpus_per_node=asked.gpus,
            stderr_to_stdout=True,
        )
        jobs = _submitted(executor, attempts)
        self._jobs |= {job.job_id: job for job in jobs}
        self._ending -= {job.job_id for job in jobs}
        return [job.job_id for job in jobs]

    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return which of the processes are alive."""
        return {number: "RUNNING" for number in numbers if self._alive(number)}

    def end(self, numbers: Sequence[str], at_once: bool) -> None:
        """Send SIGTERM, once; and again for each ``at_once``."""
        for number in numbers:
            if (at_once or number not in self._ending) and self._alive(number):
                self._ending.add(number)
                with suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGTERM)

    def _alive(self, number: str) -> bool:
        if number in self._jobs:
            return not self._jobs[number].done()
        try:  # of a process before; by now, the number may be another program's
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"submitit.local._local" in words and os.fsencode(self._asked.files / "submitit") in words


TIMES = 1000
"""How often a job may come to its time limit."""
PATIENCE = 30.0
"""Seconds in which Slurm has to answer."""


def _size(asked: Asked) -> str:
    cores = f"{asked.cpus} core{'s' if asked.cpus > 1 else ''}"
    gpus = f", {asked.gpus} GPU{'s' if asked.gpus > 1 else ''}" if asked.gpus else ""
    minutes = asked.seconds / 60
    limit = f"{minutes / 60:g} hours" if minutes >= 120 else f"{minutes:g} minutes"
    return f"{cores}{gpus} and {limit} each"


def _told(words: Sequence[str]) -> str:
    """Return what a program of Slurm prints. Raises OSError when it fails, or takes too long."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=True)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{words[0]} gives no answer") from error
    except subprocess.CalledProcessError as error:
        raise OSError(f"{words[0]}: {_first_line(error.stderr)}") from error
    return done.stdout


def _first_line(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "it fails without a word")


def _submitted(executor: Any, attempts: Sequence[Attempt]) -> list[Any]:
    """Submit attempts by way of submitit. Raises UsageError when they are refused."""
    cloudpickle.register_pickle_by_value(attempt)
    try:
        with _undisturbed():
            return list(executor.submit_array(attempts))
    except (RuntimeError, OSError) as error:  # of submitit, with what sbatch says
        raise UsageError(
            f"the jobs cannot be submitted: {_first_line(str(error))}.", "See the options --slurm.*, and sinfo."
        ) from error
    finally:
        cloudpickle.unregister_pickle_by_value(attempt)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no Ctrl-C come between jobs and their numbers, or at jobs on this machine; they import what is installed."""
    before = os.environ.get(SAFE)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if before is None:
            del os.environ[SAFE]
        else:
            os.environ[SAFE] = before
