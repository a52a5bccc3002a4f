"""What happens on a machine of the cluster. It is sent there as it is, and knows Python's own library alone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from os import environ, getpid, killpg
from pathlib import Path

TETHER = """
import ctypes, os, signal, socket, sys
signal.pthread_sigmask(signal.SIG_SETMASK, [])
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    print(f"error: {sys.argv[2]} cannot be started on {socket.gethostname()} ({error.strerror}).", flush=True)
    sys.exit(127)
"""
"""A program that becomes the command behind the number of its parent, and ends when that does (PR_SET_PDEATHSIG).

Ray's workers block SIGINT, which a command would inherit. A worker that is killed can end nothing itself; what it
has left behind would go on with a run that is resumed elsewhere.
"""


class Attempt:
    """One attempt at a job, as an actor; ``run`` is called once, the others meanwhile, from other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: list[int] = []

    def where(self) -> str:
        """Return the machine's name."""
        return socket.gethostname()

    def run(
        self, words: Sequence[str], directory: str, log: str, own: Mapping[str, str], mark: tuple[str, str]
    ) -> tuple[int | None, str]:
        """Run a command to its end; return its exit code, or None and why it could not be started.

        ``own`` are variables of its environment, besides the worker's; ``mark`` is a file and what stands in it where
        the sweep's directory is seen.
        """
        path, text = mark
        try:
            seen = Path(path).read_text(encoding="utf-8") == text
        except OSError:
            seen = False
        if not seen:
            return None, f"{socket.gethostname()} does not see {Path(path).parent}: all machines must share it"
        try:
            process = self._started(words, directory, log, own)
        except OSError as error:
            return None, f"it cannot be started on {socket.gethostname()} ({error.strerror or error}: {error.filename})"
        return process.wait(), ""

    def signal(self, number: int) -> None:
        """Send a signal to the command; SIGKILL to all processes that it has started, too."""
        with self._lock:
            self._asked.append(number)
            if self._process:
                _send(self._process, number)

    def _started(
        self, words: Sequence[str], directory: str, log: str, own: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with self._lock, open(log, "ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", TETHER, str(getpid()), *words],
                cwd=directory,
                env={**environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for number in self._asked:  # before there was anything to send it to
                _send(self._process, number)
            return self._process


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            killpg(process.pid, number)
        else:
            process.send_signal(number)
