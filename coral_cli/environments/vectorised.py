"""Several copies of an environment, each in a process of its own, stepped together.

Gymnasium's AsyncVectorEnv cannot let a finished copy wait while the others go on, reports a worker that dies while
it starts as a bare EOFError, and leaves Ctrl-C to its workers; hence processes of our own.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NoReturn

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from coral_cli.environments.action_repeat import action_repeat
from coral_cli.registry.errors import CoralError, described, frames_of

SECONDS_TO_CLOSE = 1.5
"""A worker that has not ended after so many seconds is killed."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals meant for the parent, which tells its workers when to end; terminals and schedulers send them to all."""

Env = gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]
Observations = dict[str, NDArray[Any]]
"""Observations by sensor, (N, ...): views into memory that the workers write at the next ``step`` or reset.

Copy what must last.
"""


class Vectorised:
    """``count`` copies of what ``make`` returns. ``make`` must be picklable: each worker calls it for itself.

    Workers are spawned, which is safe beside torch's threads and OpenGL contexts. Episodes end independently; a
    finished copy waits until it is reset. Every method raises CoralError, and ends all workers, when one of them
    raises or dies.
    """

    def __init__(self, make: Callable[[], Env], count: int) -> None:
        self.count = count
        self._pipes: list[Connection] = []
        self.workers: list[BaseProcess] = []
        # At the interpreter's exit this runs before multiprocessing waits for its processes.
        self._ending = Finalize(self, _end, (self._pipes, self.workers), exitpriority=10)
        try:
            self._start(bytes(ForkingPickler.dumps(make)))
            described: dict[int, tuple[Dict, Box, int]] = self._answers(range(count))
        except BaseException:  # Ctrl-C as well
            self.close()
            raise
        self.observation_space, self.action_space, self.action_repeat = described[0]
        """Spaces of one copy; environment steps per action."""
        if any(other != described[0] for other in described.values()):
            self.close()
            raise CoralError("the copies of the environment differ in their spaces.", "`make` must not draw at random.")
        self._observations = self._shared()
        self.running = np.zeros(count, np.bool_)
        """(N,): which copies are within an episode."""

    def reset(self, seeds: Sequence[int | None]) -> tuple[Observations, list[dict[str, Any]]]:
        """Begin an episode in each copy, with its own seed; one with None waits. Return observations and infos."""
        self.running[:] = False
        return self.reset_some({index: seed for index, seed in enumerate(seeds) if seed is not None})

    def reset_some(self, seeds: Mapping[int, int]) -> tuple[Observations, list[dict[str, Any]]]:
        """Begin an episode in the copies that ``seeds`` names; the others stay where they are, with an empty info."""
        for index, seed in seeds.items():
            self._send(index, ("reset", seed))
        answers = self._answers(seeds)
        self.running[list(seeds)] = True
        return self._observations, [answers.get(index, {}) for index in range(self.count)]

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Observations, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], list[dict[str, Any]]]:
        """Do one action (N, A) in every running copy.

        Returns observations, rewards, terminated and truncated, each (N, ...), and N infos. A waiting copy keeps its
        last observation, with zero reward, neither terminated nor truncated, and an empty info.
        """
        running = np.flatnonzero(self.running).tolist()
        for index in running:
            self._send(index, ("step", np.asarray(actions[index])))
        rewards = np.zeros(self.count)
        terminated, truncated = np.zeros((2, self.count), np.bool_)
        infos: list[dict[str, Any]] = [{} for _ in range(self.count)]
        for index, answer in self._answers(running).items():
            rewards[index], terminated[index], truncated[index], infos[index] = answer
        self.running &= ~(terminated | truncated)
        return self._observations, rewards, terminated, truncated, infos

    def close(self) -> None:
        """End all workers, within two seconds. Closing twice is allowed."""
        self._ending()

    def _start(self, pickled: bytes) -> None:
        context = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # the first process would start it, and unblock all signals on the way
        for index in range(self.count):
            ours, theirs = context.Pipe()
            # No daemon, for those may have no processes of their own, and some environments need them.
            worker = context.Process(target=_work, args=(theirs, pickled, index))
            self._pipes.append(ours)
            self.workers.append(worker)  # before it starts, so that `_end` knows it whatever happens
            with _signals_blocked():
                worker.start()
                theirs.close()

    def _shared(self) -> Observations:
        """Map (N, ...) per sensor into every process; the files' names are gone once all have opened them."""
        sensors: Mapping[str, Any] = self.observation_space.spaces
        layout = {name: (space.shape, space.dtype) for name, space in sensors.items()}
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None, prefix="coral-") as folder:
            arrays = [
                np.memmap(Path(folder) / str(number), dtype, "w+", shape=(self.count, *shape))
                for number, (shape, dtype) in enumerate(layout.values())
            ]
            for index in range(self.count):
                self._send(index, ("share", folder))
            self._answers(range(self.count))
        return {name: np.asarray(array) for name, array in zip(layout, arrays, strict=True)}

    def _send(self, index: int, message: tuple[str, Any]) -> None:
        try:
            self._pipes[index].send(message)
        except OSError:  # closed, or broken because the worker is dead
            self._fail(index)

    def _answers(self, indices: Sequence[int] | Mapping[int, int] | range) -> dict[int, Any]:
        answers = {}
        for index in indices:
            try:
                error, answer = self._pipes[index].recv()
            except (EOFError, OSError):
                self._fail(index)
            if error is not None:
                self.close()
                raise error
            answers[index] = answer
        return answers

    def _fail(self, index: int) -> NoReturn:
        if not self._ending.still_active():
            raise CoralError("the copies of the environment are closed.")
        self.workers[index].join(SECONDS_TO_CLOSE)
        code = self.workers[index].exitcode
        self.close()
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        raise CoralError(f"the process of copy {index} of the environment died ({how}).")


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let processes started inside be deaf to Ctrl-C and the like from their first instruction on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # raises what came just before
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pipes: list[Connection], workers: list[BaseProcess]) -> None:
    """Ask the workers to end, and kill those that do not."""
    for pipe in pipes:
        with suppress(OSError):
            pipe.send(("close", None))
        pipe.close()
    started = [worker for worker in workers if worker.pid is not None]
    deadline = time.monotonic() + SECONDS_TO_CLOSE
    try:
        for worker in started:
            worker.join(max(0.0, deadline - time.monotonic()))
    finally:  # also when another Ctrl-C cuts the wait short: multiprocessing would wait for them at its exit
        for worker in started:
            worker.kill()
            worker.join()


def _work(pipe: Connection, pickled: bytes, index: int) -> None:
    """Do in a worker what it is told, until it is told to close or its parent is gone."""
    for number in _SIGNALS:
        # Not SIG_IGN, nor blocked for good: programs that the environment starts would inherit either.
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    copy = _Copy(index)
    command, value = "make", pickled
    with suppress(EOFError, OSError):  # the parent is gone
        while command != "close":
            pipe.send_bytes(copy.answer(command, value))
            command, value = pipe.recv()
    copy.close()


class _Copy:
    """The environment in a worker. ``answer`` gives an error, or None and what was asked for, both pickled."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._env: Env  # once it is made
        self._rows: Observations = {}

    def answer(self, command: str, value: Any) -> bytes:
        try:
            return bytes(ForkingPickler.dumps((None, getattr(self, f"_{command}")(value))))
        except Exception as error:
            return bytes(ForkingPickler.dumps((self._told(error), None)))

    def close(self) -> None:
        with suppress(Exception):  # there may be none yet, and nobody is left to be told
            self._env.close()

    def _make(self, pickled: bytes) -> tuple[Dict, Box, int]:
        self._env = env = ForkingPickler.loads(pickled)()
        return env.observation_space, env.action_space, action_repeat(env)

    def _share(self, folder: str) -> None:
        """Open this copy's row (...) of each sensor's shared array (N, ...)."""
        sensors: Any = self._env.observation_space
        for number, (name, space) in enumerate(sensors.spaces.items()):
            offset = self._index * math.prod(space.shape) * space.dtype.itemsize
            path = Path(folder) / str(number)
            self._rows[name] = np.memmap(path, space.dtype, "r+", offset=offset, shape=space.shape)

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

    def _told(self, error: Exception) -> CoralError:
        """Return an error as the parent raises it; the traceback of this process comes along as a note."""
        if not isinstance(error, CoralError):
            trace = "".join(traceback.format_exception(error))
            frames = frames_of(error)
            error = CoralError(f"copy {self._index} of the environment raised {described(error)}")
            error.frames = frames
            error.add_note(trace)
        return error
