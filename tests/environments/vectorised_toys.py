"""Toy environments that another process can import by this module's name."""

import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict


class Walk(gymnasium.Env):
    """Sums its actions on top of a random start. Odd seeds terminate, even ones truncate, after 2 + seed % 4 steps.

    The picture is absent at every third step, and then full of what must not be seen.
    """

    observation_space = Dict(picture=Box(0, 255, (2, 4, 3), np.uint8), total=Box(-np.inf, np.inf, (2,), np.float32))
    action_space = Box(-1, 1, (2,), np.float32)
    action_repeat = 3

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._seed, self._steps, self._total = seed, 0, self.np_random.normal(size=2)
        return self._seen(), self._info()

    def step(self, action):
        self._steps, self._total = self._steps + 1, self._total + action
        over, odd = self._steps >= 2 + self._seed % 4, self._seed % 2 == 1
        return self._seen(), self._total.sum(), over and odd, over and not odd, self._info(over)

    def _seen(self):
        picture = self.np_random.integers(0, 256, (2, 4, 3), dtype=np.uint8)
        return {"picture": picture, "total": self._total.astype(np.float32)}

    def _info(self, over=False):
        missing = {"missing": ("picture",)} if self._steps % 3 == 2 else {}
        return missing | ({"metrics": {"success": self._seed == 1, "steps": self._steps}} if over else {})


class Faulty(Walk):
    """Does at its second step what its name says."""

    def __init__(self, fault):
        self._fault = fault
        if fault == "make":
            raise ValueError("no such room")

    def step(self, action):
        if self._steps == 1:
            if self._fault == "raise":
                raise ValueError("the floor is gone")
            if self._fault == "exit":
                sys.exit(0)
            if self._fault == "lie":
                return *super().step(action)[:4], {"metrics": lambda: None}
            if self._fault == "nan":
                self._total[:] = np.nan
        return super().step(action)


class Mortal(Walk):
    """Does what ``fault`` says at its second step, in as many processes as ``times``, which meet in ``folder``."""

    def __init__(self, folder, fault="die", times=1):
        self._folder, self._fault, self._times = folder, fault, times

    def step(self, action):
        if self._steps == 1 and self._falls():
            if self._fault == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)
        return super().step(action)

    def _falls(self):
        """Say whether this process is one of them; no two of them at once take the same one's place."""
        for index in range(self._times):
            with suppress(FileExistsError):
                (self._folder / str(index)).touch(exist_ok=False)
                return True
        return False


class Simulated(Walk):
    """Has a process of its own, which ends with it."""

    def __init__(self):
        self.simulator = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
        self.simulator.start()

    def step(self, action):
        observation, reward, terminated, truncated, _ = super().step(action)
        return observation, reward, terminated, truncated, {"simulator": self.simulator.pid}

    def close(self):
        self.simulator.terminate()
        self.simulator.join()


class Meeting(Walk):
    """Waits in its step until another copy is in one, too."""

    def __init__(self, folder):
        self._folder = folder

    def step(self, action):
        (self._folder / str(os.getpid())).touch()
        deadline = time.monotonic() + 200
        while len(list(self._folder.iterdir())) < 2:
            assert time.monotonic() < deadline, "nobody came"
            time.sleep(0.001)
        return super().step(action)
