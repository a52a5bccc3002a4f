"""An environment in this process that does not answer is given up once the program is asked to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from coral_cli.registry.stopping import SECONDS_TO_CLOSE


class AbandonedError(BaseException):
    """Nobody wants the answer any more that an environment owes. No Exception, which the environment may swallow."""


class Wait:
    """A block in which an environment is waited for; it may be entered again and again, in the main thread.

    Once ``ask_to_stop`` was called, and after ``SECONDS_TO_CLOSE`` more, AbandonedError is raised inside, wherever
    Python is. An environment that hangs in a library in C is not reached. ``given_up`` tells of one that must not be
    used any more, nor closed.
    """

    def __init__(self) -> None:
        self.given_up = False
        self._inside = self._stopping = self._armed = False
        self._before: object = None
        self._timer = 0.0, 0.0

    def __enter__(self) -> None:
        self._inside = True
        if self._stopping:
            self._arm()

    def __exit__(self, *error: object) -> None:
        self._inside = False
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)  # type: ignore[arg-type]
            signal.setitimer(signal.ITIMER_REAL, *self._timer)  # which somebody else had set
            self._armed = False

    def ask_to_stop(self, stopping: bool = True) -> None:
        """Say that whoever waits should not do so much longer, or that this is over."""
        self._stopping = stopping
        if stopping and self._inside:
            self._arm()

    def _arm(self) -> None:
        if not self._armed and threading.current_thread() is threading.main_thread():
            self._armed, self._before = True, signal.signal(signal.SIGALRM, self._give_up)
            self._timer = signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_CLOSE, SECONDS_TO_CLOSE)

    def _give_up(self, number: int, frame: FrameType | None) -> None:
        if self._inside:
            self.given_up = True
            raise AbandonedError


WAIT = Wait()
"""The one of this process, for it has one main thread, and one timer."""
