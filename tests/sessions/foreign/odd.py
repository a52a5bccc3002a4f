"""Odd environments that nobody wrote for coral, and training in them."""

from __future__ import annotations

from coral_cli.app import main

PACE = "--size tiny --random-episodes 1 --updates-per-step 0.1 --batch-length 4 --batch-size 2 --steps 16 --quiet"

CODE = """
import ctypes
import os
import time

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict


class Plain(gymnasium.Env):
    observation_space = Box(-1, 1, (3,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return self.seen(), {}

    def step(self, action):
        self.left -= 1
        return self.seen(), 0.0, False, self.left == 0, {}

    def seen(self):
        return np.zeros(3, np.float32)


class Old(Plain):
    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class Double(Plain):
    def __init__(self):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)


class Robot(Plain):
    def __init__(self):
        os.close(os.open("port", os.O_CREAT | os.O_EXCL))

    def close(self):
        os.unlink("port")


class Stacked(Plain):
    observation_space = Box(0, 255, (3, 64, 64, 3), np.uint8)

    def seen(self):
        return np.full((3, 64, 64, 3), 90, np.uint8)


class Drawn(Plain):
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def render(self):
        raise gymnasium.error.DependencyNotInstalled('pygame is not installed, run `pip install "gymnasium[other]"`')


class Made(Plain):
    def __init__(self, low=-1, camera=(), bright=False):
        self.observation_space = Box(low, 1, (-low,), np.float32)
        with open("made.txt", "a") as file:
            print(low, camera, bright, file=file)

    def seen(self):
        return np.zeros(self.observation_space.shape, np.float32)


class Fetching(Plain):
    observation_space = Dict({name: Box(-9, 9, (size,)) for name, size in (("observation", 25), ("desired_goal", 3))})

    def seen(self):
        return {name: np.zeros(space.shape, np.float32) for name, space in self.observation_space.items()}


class Loud(Plain):
    def __init__(self):
        print("python imports")
        ctypes.CDLL(None).puts(b"c makes")

    def step(self, action):
        ctypes.CDLL(None).puts(b"c steps")
        os.system("echo child steps")
        return super().step(action)


class Hangs(Drawn):
    # draws and steps for a while, and then for ever

    count = 0

    def step(self, action):
        type(self).count += 1
        self.hang("step")
        return super().step(action)

    def render(self):
        self.hang("render")
        return np.zeros((64, 64, 3), np.uint8)

    def hang(self, where):
        if self.count > 40 and os.environ["HANG"] == where:
            open("hangs", "w").close()
            while True:
                time.sleep(1)

    def close(self):
        self.hang("render")


class Locked(Drawn):
    def reset(self, *, seed=None, options=None):
        raise OSError("no licence")
"""


def train(name: str, more: str = "") -> int:
    return main(f"train --env odd_env:{name} --out run {PACE} {more}".split())
