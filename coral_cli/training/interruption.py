"""Ctrl-C, SIGTERM and a closed terminal ask to stop after the current update; Ctrl-C twice stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from coral_cli.registry.stopping import SIGNALS, Stopped, came, stop
from coral_cli.training.hanging import WAIT


class Interruption:
    """A guard in whose block the first of ``SIGNALS`` only sets ``signal``; a SIGINT after it raises Stopped.

    A closed terminal (SIGHUP) stays ignored where it is, as under ``nohup``. An environment of this process that does
    not answer is given up then.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, object] = {}

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """The exit code: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP, 0 when nothing came."""
        return 128 + self.signal if self.signal else 0

    def __enter__(self) -> Interruption:
        WAIT.given_up = False
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._on_signal)
        earlier = came()
        if earlier is not None:  # and somebody's code has swallowed it
            self.signal = self.signal or earlier.signal
            WAIT.ask_to_stop()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        WAIT.ask_to_stop(False)
        for number, handler in self._before.items():
            if not (self and handler is stop):  # what tidies up must come to its end, should a scheduler say it twice
                signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and number == signal.SIGINT:
            raise Stopped(number)
        self.signal = self.signal or signal.Signals(number)
        WAIT.ask_to_stop()
