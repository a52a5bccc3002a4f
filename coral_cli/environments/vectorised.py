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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler, send_handle
from multiprocessing.util import Finalize
from pathlib import Path
from typing import IO, Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from coral_cli.environments.worker import work
from coral_cli.registry.errors import CoralError
from coral_cli.registry.stopping import SECONDS_TO_CLOSE, SIGNALS

LOOK = 0.1
"""A wait for an answer looks every so many seconds whether somebody still wants it."""

Env = gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]
Observations = dict[str, NDArray[Any]]
"""Observations by sensor, (N, ...): views into memory that the workers write at the next ``step`` or reset.

Copy what must last.
"""


class GivenUpError(Exception):
    """Nobody wanted an answer any more that did not come; the copies are closed."""


class Vectorised:
    """``count`` copies of what ``make`` returns. ``make`` must be picklable: each worker calls it for itself.

    Workers are spawned, which is safe beside torch's threads and OpenGL contexts. Episodes end independently; a
    finished copy waits until it is reset. Every method raises CoralError, and ends all workers, when one of them
    raises. One that dies, or gives no answer for ``patience`` seconds (0: for ever), is ``lost``; while the copies are
    made, that is an error, too. ``name`` is how errors call the environment.
    """

    def __init__(
        self, make: Callable[[], Env], count: int, name: str = "the environment", patience: float = 0.0
    ) -> None:
        self.count, self.name = count, name
        self.lost: dict[int, str] = {}
        """How the copies were lost that the last call lost. They are in no episode; a reset makes new ones."""
        self.remarks: list[str] = []
        """A sentence for each copy that was replaced; whoever tells them takes them out."""
        self.seeds: dict[int, int] = {}
        """The seed of each copy's last reset."""
        self.stop: Callable[[], bool] = lambda: False
        """Whether nobody wants answers any more: one that is waited for then makes any method raise GivenUpError."""
        self._files: list[IO[bytes]] = []
        self._make = bytes(ForkingPickler.dumps(make))
        self._patience = patience
        self._gone: dict[int, str] = {}
        self._replaced = 0
        self._pipes: list[Connection] = []
        self.workers: list[BaseProcess] = []
        # At the interpreter's exit this runs before multiprocessing waits for its processes.
        self._ending = Finalize(self, _end, (self._pipes, self.workers, self._files), exitpriority=10)
        try:
            resource_tracker.ensure_running()  # the first process would start it, and unblock all signals on the way
            for index in range(count):
                self._start(index)
            made: dict[int, tuple[Dict, Box, int]] = self._all_answers(range(count))
            self._made = made[0]
            if any(other != self._made for other in made.values()):
                raise CoralError(f"the copies of {name} differ in their spaces.", "`make` must not draw at random.")
            self.observation_space, self.action_space, self.action_repeat = self._made
            """Spaces of one copy; environment steps per action."""
            self._observations = self._allocated()
            self._share(range(count))
        except BaseException:  # Ctrl-C as well
            self.close()
            raise
        self.running = np.zeros(count, np.bool_)
        """(N,): which copies are within an episode."""

    def reset(self, seeds: Sequence[int | None]) -> tuple[Observations, list[dict[str, Any]]]:
        """Begin an episode in each copy, with its own seed; one with None waits. Return observations and infos."""
        self.running[:] = False
        return self.reset_some({index: seed for index, seed in enumerate(seeds) if seed is not None})

    def reset_some(self, seeds: Mapping[int, int]) -> tuple[Observations, list[dict[str, Any]]]:
        """Begin an episode in the copies that ``seeds`` names; the others stay where they are, with an empty info."""
        for index in self._gone.keys() & seeds.keys():
            self._replace(index)
        for index, seed in seeds.items():
            self.seeds[index] = seed
            self._send(index, ("reset", seed))
        answers = self._answers(seeds)
        self.running[list(answers)] = True
        return self._observations, [answers.get(index, {}) for index in range(self.count)]

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Observations, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], list[dict[str, Any]]]:
        """Do one action (N, A) in every running copy.

        Returns observations, rewards, terminated and truncated, each (N, ...), and N infos. A waiting copy, or one that
        was ``lost``, keeps its last observation, with zero reward, neither terminated nor truncated, and an empty info.
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
        self.running[list(self.lost)] = False
        return self._observations, rewards, terminated, truncated, infos

    def close(self) -> None:
        """End all workers, within two seconds. Closing twice is allowed."""
        self._ending()

    def _start(self, index: int) -> None:
        """Start a worker for copy ``index``, in place of an old one; it begins to make its environment."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        # No daemon, for those may have no processes of their own, and some environments need them.
        worker = context.Process(target=work, args=(theirs, self._make, index, self.name))
        self._pipes[index : index + 1] = [ours]
        self.workers[index : index + 1] = [worker]  # before it starts, so that `_end` knows it whatever happens
        with _signals_blocked():
            worker.start()
            theirs.close()

    def _allocated(self) -> Observations:
        """Make (N, ...) per sensor, in a file each without a name: it goes with the last process that has it open."""
        memory = Path("/dev/shm")
        folder = memory if os.access(memory, os.W_OK) else None
        layout: Mapping[str, Any] = self.observation_space.spaces
        for _ in layout:
            self._files.append(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - it stays as long as the copies
        return {
            name: np.asarray(np.memmap(file, space.dtype, "r+", shape=(self.count, *space.shape)))
            for file, (name, space) in zip(self._files, layout.items(), strict=True)
        }

    def _share(self, indices: Sequence[int]) -> None:
        """Have the workers of ``indices`` map the files, too."""
        for index in indices:
            self._send(index, ("share", None))
            with suppress(OSError):  # it is dead, and has no answer
                for file in self._files:
                    send_handle(self._pipes[index], file.fileno(), self.workers[index].pid)
        self._all_answers(indices)

    def _send(self, index: int, message: tuple[str, Any]) -> None:
        if not self._ending.still_active():
            raise CoralError(f"the copies of {self.name} are closed.")
        with suppress(OSError):  # it is dead, and has no answer
            self._pipes[index].send(message)

    def _answers(self, indices: Sequence[int] | Mapping[int, int]) -> dict[int, Any]:
        """Return what those of ``indices`` answer; one that is lost has no answer, and its process ends."""
        answers, self.lost = self._heard(indices)
        self._gone |= self.lost
        for index in self.lost:
            self._pipes[index].close()
            self.workers[index].kill()
            self.workers[index].join()
        return answers

    def _all_answers(self, indices: Sequence[int]) -> dict[int, Any]:
        """Return what all of ``indices`` answer. Raises CoralError when one is lost."""
        answers, lost = self._heard(indices)
        for index, how in lost.items():
            self.close()
            raise CoralError(f"copy {index} of {self.name} {how}.")
        return answers

    def _heard(self, indices: Sequence[int] | Mapping[int, int]) -> tuple[dict[int, Any], dict[int, str]]:
        """Return the answers, and how those were lost that have none. Raises CoralError when one has raised."""
        deadline = time.monotonic() + self._patience if self._patience else math.inf
        answers: dict[int, Any] = {}
        lost: dict[int, str] = {}
        for index in indices:
            pipe = self._pipes[index]
            try:
                if not self._waited(pipe, deadline):
                    lost[index] = f"gave no answer for {self._patience:g} s"
                    continue
                error, answer = pipe.recv()
            except (EOFError, OSError):
                lost[index] = self._death(index)
                continue
            if error is not None:
                self.close()
                raise error
            answers[index] = answer
        return answers, lost

    def _waited(self, pipe: Connection, deadline: float) -> bool:
        """Wait for an answer; return whether there is one before ``deadline``. Raises GivenUpError as ``stop`` says."""
        unwanted = math.inf
        while not pipe.poll(min(LOOK, max(0.0, deadline - time.monotonic()))):
            now = time.monotonic()
            unwanted = min(unwanted, now) if self.stop() else math.inf
            if now - unwanted >= SECONDS_TO_CLOSE:
                self.close()
                raise GivenUpError
            if now >= deadline:
                return False
        return True

    def _death(self, index: int) -> str:
        worker = self.workers[index]
        worker.join(SECONDS_TO_CLOSE)
        code = worker.exitcode
        return f"died ({signal.Signals(-code).name if code is not None and code < 0 else f'exit code {code}'})"

    def _replace(self, index: int) -> None:
        """Make another copy ``index``. Raises CoralError when that is lost, too."""
        self._start(index)
        try:
            if self._all_answers([index])[index] != self._made:
                raise CoralError(f"a new copy of {self.name} has other spaces than the old one.")
            self._share([index])
        except BaseException:
            self.close()
            raise
        how = self._gone.pop(index)
        self._replaced += 1
        self.remarks.append(
            f"copy {index} of {self.name} {how}; a new one is in its place ({self._replaced} so far), "
            "and its episode begins anew."
        )


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let processes started inside be deaf to Ctrl-C and the like from their first instruction on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # raises what came just before
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pipes: list[Connection], workers: list[BaseProcess], files: list[IO[bytes]]) -> None:
    """Ask the workers to end, and kill those that do not; close the files."""
    for file in files:
        file.close()
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
