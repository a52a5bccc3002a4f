"""How many actions make a second of a foreign environment, by which films run in real time."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import MaxAndSkipObservation

ATARI = 60
"""Frames that an Atari game shows in a second."""


def steps_per_second(env: gymnasium.Env[Any, Any]) -> float | None:
    """Return how many steps make a second; None where nothing tells.

    What is simulated decides, where it is known: ``dt``, in seconds, and the frames that an Atari game goes on by;
    ``render_fps`` may be wrong.
    """
    seconds, own = getattr(env.unwrapped, "dt", None), (env.metadata or {}).get("render_fps")
    if isinstance(seconds, float | np.floating) and 0 < seconds < np.inf:
        own = 1 / float(seconds)
    elif frames := _frames_of_a_game(env):
        own = ATARI / frames
    return own / _skipped(env) if own else None


def _frames_of_a_game(env: gymnasium.Env[Any, Any]) -> float | None:
    """Return how many frames an Atari game goes on by in a step: the mean, where it is drawn from (low, high)."""
    if type(env.unwrapped).__module__.partition(".")[0] != "ale_py":
        return None
    frames = getattr(env.unwrapped, "_frameskip", None)  # Gymnasium reads it, too
    if isinstance(frames, tuple):
        return float(sum(range(*frames)) / len(range(*frames)))
    return frames


def _skipped(env: gymnasium.Env[Any, Any]) -> int:
    """Return how many steps of the innermost environment Gymnasium's wrapper that skips some makes one."""
    steps = 1
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, MaxAndSkipObservation):
            steps *= env._skip
        env = env.env
    return steps
