"""One attempt at a run, on the node that it was given: its program, what it is asked for, and how it ended.

It goes to the node by value, so that this package need not be found there; it knows the standard library and submitit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SHIELD = 'trap "" HUP USR1 USR2; exec "$@"'
"""A shell's words that start a program which no signal of Slurm ends that is meant for the job around it."""


class Attempt:
    """A call of a run's command, as submitit makes it. A run that is asked to end saves first.

    SIGTERM is Slurm's, for a machine that is wanted, and the signal of submitit for a time limit: the job is put back
    into the queue. SIGHUP takes it back for good.
    ``environ`` is what differs from the environment of the job; None is for what is not set. ``ended`` is a file that
    says how the attempt ended, unless Slurm is to start it again.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        directory: Path,
        log: Path,
        ended: Path,
        environ: Mapping[str, str | None],
    ) -> None:
        self._given = (command, directory, log, ended, environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: list[int] = []

    def __call__(self) -> None:
        """Run it. Raises SystemExit with its exit code where that is not 0."""
        from submitit import JobEnvironment

        command, directory, log, ended, changes = self._given
        ended.unlink(missing_ok=True)  # of an attempt before
        self._listen()
        environ = {key: value for key, value in {**os.environ, **changes}.items() if value is not None}
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", SHIELD, "sh", *command],
                cwd=directory,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self._asked:
            self._process.terminate()
        self._await()
        code = self._process.wait()
        job = JobEnvironment().job_id
        wanted = code and self._asked and signal.SIGHUP not in self._asked and not self._local
        if wanted and _put_back(job):
            return
        said = {"job": job, "code": code, "asked": bool(self._asked)}
        partial = ended.with_name(f".{ended.name}")
        partial.write_text(json.dumps(said), encoding="utf-8")
        partial.replace(ended)
        if code:
            raise SystemExit(code if code > 0 else 128 - code)

    def checkpoint(self) -> Any:
        """Let the run save, and return what goes on with it; submitit calls this when the job's time is nearly up."""
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            self._process.terminate()
            self._await()
        return DelayedSubmission(Attempt(*self._given))

    def _listen(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at a terminal is for the sweep
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._pass_on)

    @property
    def _local(self) -> bool:
        return os.environ.get("SUBMITIT_EXECUTOR") == "local"

    def _pass_on(self, number: int, _: Any) -> None:
        """Ask the run to save; on this machine, where no Slurm ends what does not, be more and more urgent."""
        urgency = min(len(self._asked), 2) if self._local else 0
        self._asked.append(number)
        if self._process is not None:
            self._process.send_signal((signal.SIGTERM, signal.SIGINT, signal.SIGKILL)[urgency])

    def _await(self) -> None:
        """Wait until the run has ended, without taking its exit code: a signal may come meanwhile, and wait as well."""
        assert self._process is not None
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)


def _put_back(job: str) -> bool:
    """Put a job back into the queue that runs there still, and has not been cancelled; return whether it is."""
    try:
        state = _told("squeue", "--noheader", f"--jobs={job}", "--format=%T").strip()
        if state == "RUNNING":
            _told("scontrol", "requeue", job)
    except (OSError, subprocess.SubprocessError):
        return False
    return state == "RUNNING"


def _told(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, timeout=15, check=True).stdout
