"""An environment in this process that does not answer, and a program that is asked to stop."""

import os
import signal
import threading
import time

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.training.collection import run_episode
from coral_cli.training.hanging import WAIT
from coral_cli.training.interruption import Interruption


class Hanging(gymnasium.Env):
    """Asks for a stop itself, and then answers no more: in ``reset``, in ``step``, or in ``step`` as it wakes up."""

    observation_space = Dict(proprio=Box(-1, 1, (1,), np.float32))
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self, where: str) -> None:
        self._where = where

    def reset(self, *, seed=None, options=None):
        if self._where == "reset":
            self._hang()
        return {"proprio": np.zeros(1, np.float32)}, {}

    def step(self, action):
        if self._where == "step":
            self._hang()
        return {"proprio": np.zeros(1, np.float32)}, 0.0, False, False, {}

    def _hang(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            time.sleep(60)
        except Exception:  # as simulators do that go on whatever happens
            time.sleep(60)


@pytest.mark.parametrize("where", ["reset", "step"])
def test_one_that_hangs_is_given_up_after_a_signal(where) -> None:
    before, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    with Interruption() as interruption:
        episode = run_episode(Hanging(where), 0, lambda _: np.zeros(1, np.float32), (), stop=interruption.__bool__)
    assert episode is None and interruption.exit_code == 143 and WAIT.given_up
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == pytest.approx(timer, abs=60)  # these tests may have one
    with Interruption():
        assert not WAIT.given_up  # another program


def test_one_that_answers_is_left_in_peace() -> None:
    with Interruption() as interruption:
        steps = iter(range(9))

        def choose(_: object) -> np.ndarray:
            if next(steps) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return np.zeros(1, np.float32)

        assert run_episode(Hanging("nowhere"), 0, choose, (), stop=interruption.__bool__) is None
        assert next(steps) == 4 and not WAIT.given_up


def test_elsewhere_than_in_the_main_thread_nothing_is_armed() -> None:
    found, before = [], signal.getsignal(signal.SIGALRM)
    with Interruption():
        WAIT.ask_to_stop()

        def play() -> None:
            with WAIT:
                found.append(signal.getsignal(signal.SIGALRM))

        thread = threading.Thread(target=play)
        thread.start()
        thread.join()
    assert found == [before]
