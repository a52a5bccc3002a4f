"""How long an environment takes: a step, and of that the drawing of what the agent sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from itertools import count
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.vectorised import Vectorised
from coral_cli.measuring.timing import Timing
from coral_cli.training.collection import random_policy

STEPS = 300
"""At most so many actions are measured."""
SECONDS = 3.0
"""Measuring ends after so many seconds, too."""
FEWEST = 20
"""At least so many actions are measured, however long they take."""
WARM_UP = 3

Env = gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Stepping:
    """The times of random actions in one environment: ``step`` is one action, ``reset`` a new episode.

    ``drawing`` is the share of the steps' time in which the agent's images are drawn, None where nobody can tell.
    """

    step: Timing
    reset: Timing
    drawing: float | None
    steps_per_second: float
    """The environment steps a second: an action is as many as the action repeat. Resets do not count."""
    length: int | None
    """The actions of the first episode, None where its end was not seen."""


def stepping(env: Env, seed: int) -> Stepping:
    """Play random episodes for a few seconds, and measure."""
    choose = random_policy(env, seed)
    steps: list[float] = []
    drawn: list[float] = []
    env.reset(seed=seed)  # the first one may load and compile
    resets = [_timed(env.reset)[0]]
    start = time.perf_counter()
    length: int | None = None
    with drawing_times(env) as frames:
        for number in count(-WARM_UP):
            frames.clear()
            seconds, (_, _, terminated, truncated, _) = _timed(lambda: env.step(choose({})))
            if number >= 0:
                steps.append(seconds)
                drawn.append(sum(frames))
            if terminated or truncated:
                length = length or number + WARM_UP + 1
                resets.append(_timed(env.reset)[0])
            late = time.perf_counter() - start > SECONDS
            if len(steps) >= (FEWEST if late else STEPS):
                break
    total = sum(steps)
    share = sum(drawn) / total if any(drawn) else None
    return Stepping(Timing.of(steps), Timing.of(resets), share, action_repeat(env) * len(steps) / total, length)


def stepping_side_by_side(copies: Vectorised, seed: int) -> float:
    """Return the environment steps a second of all copies together, with random actions; resets do not count."""
    random = np.random.default_rng(seed)
    copies.reset(range(seed, seed + copies.count))
    begun, spent, actions = time.perf_counter(), 0.0, 0
    while actions < STEPS * copies.count and time.perf_counter() - begun < SECONDS:
        chosen = random.uniform(-1, 1, (copies.count, *(copies.action_space.shape or ()))).astype(np.float32)
        stepped = int(copies.running.sum())
        seconds, _ = _timed(partial(copies.step, chosen))
        spent, actions = spent + seconds, actions + stepped
        over = np.flatnonzero(~copies.running).tolist()
        if over:
            copies.reset_some({index: seed + actions + index for index in over})
    return copies.action_repeat * actions / spent


@contextmanager
def drawing_times(env: Env) -> Iterator[list[float]]:
    """Collect the seconds of each image drawn for the agent inside; none where there is no scene that draws."""
    frames: list[float] = []
    scene = env.get_wrapper_attr("scene") if env.has_wrapper_attr("scene") else None
    draw = getattr(scene, "agent", None)
    if not callable(draw):
        yield frames
        return

    @wraps(draw)
    def timed(*arguments: Any) -> Any:
        seconds, image = _timed(lambda: draw(*arguments))
        frames.append(seconds)
        return image

    vars(scene)["agent"] = timed  # in front of the method of its class
    try:
        yield frames
    finally:
        del vars(scene)["agent"]


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result
