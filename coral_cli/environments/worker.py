"""The process of one copy of an environment: does what it is told, and answers."""

from __future__ import annotations

import math
import os
import signal
import traceback
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler, recv_handle
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from coral_cli.environments.action_repeat import action_repeat
from coral_cli.registry.errors import CoralError, described, frames_of, slot_of
from coral_cli.registry.stopping import SIGNALS
from coral_cli.registry.streams import put_aside


def work(pipe: Connection, pickled: bytes, index: int, name: str) -> None:
    """Do in a worker what it is told, until it is told to close or its parent is gone."""
    for number in SIGNALS:
        # They are meant for the parent, which tells its workers when to end, though a scheduler sends them to all. Not
        # SIG_IGN, nor blocked for good: programs that the environment starts would inherit either.
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    put_aside()  # what the environment prints is no part of what the program says
    copy = _Copy(index, name, pipe)
    command, value = "make", pickled
    with suppress(EOFError, OSError):  # the parent is gone
        while command != "close":
            pipe.send_bytes(copy.answer(command, value))
            command, value = pipe.recv()
    copy.close()


class _Copy:
    """The environment in a worker. ``answer`` gives an error, or None and what was asked for, both pickled."""

    def __init__(self, index: int, name: str, pipe: Connection) -> None:
        self._index, self._name, self._pipe = index, name, pipe
        self._env: gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]  # once it is made
        self._rows: dict[str, NDArray[Any]] = {}

    def answer(self, command: str, value: Any) -> bytes:
        try:
            return bytes(ForkingPickler.dumps((None, getattr(self, f"_{command}")(value))))
        except (Exception, SystemExit) as error:
            return bytes(ForkingPickler.dumps((self._told(error), None)))

    def close(self) -> None:
        with suppress(Exception, SystemExit):  # there may be none yet, and nobody is left to be told
            self._env.close()

    def _make(self, pickled: bytes) -> tuple[Dict, Box, int]:
        self._env = env = ForkingPickler.loads(pickled)()
        return env.observation_space, env.action_space, action_repeat(env)

    def _share(self, _: None) -> None:
        """Open this copy's row (...) of each sensor's shared array (N, ...)."""
        sensors: Any = self._env.observation_space
        for name, space in sensors.spaces.items():
            offset = self._index * math.prod(space.shape) * space.dtype.itemsize
            with os.fdopen(recv_handle(self._pipe), "r+b") as file:
                self._rows[name] = np.memmap(file, space.dtype, "r+", offset=offset, shape=space.shape)

    def _reset(self, seed: int) -> dict[str, Any]:
        observation, info = self._env.reset(seed=seed)
        self._show(observation)
        return info

    def _step(self, action: NDArray[Any]) -> tuple[float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self._env.step(action)
        self._show(observation)
        return float(reward), bool(terminated), bool(truncated), info

    def _show(self, observation: Mapping[str, NDArray[Any]]) -> None:
        for name, row in self._rows.items():
            row[...] = observation[name]

    def _told(self, error: Exception | SystemExit) -> CoralError:
        """Return an error as the parent raises it; the traceback of this process comes along as a note."""
        if not isinstance(error, CoralError):
            trace = "".join(traceback.format_exception(error))
            frames = frames_of(error)
            slot = slot_of(error)
            whose = f" in --{slot.replace('.', ' ')}" if slot not in ("", "env") else ""
            error = CoralError(f"copy {self._index} of {self._name} raised {described(error)}{whose}")
            error.frames = frames
            error.add_note(trace)
        return error
