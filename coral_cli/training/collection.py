"""Episodes: an agent, or a random policy, acts in an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError
from coral_cli.training.agent import Agent
from coral_cli.training.hanging import WAIT, AbandonedError

Observation = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Episode:
    """A finished episode. ``arrays`` are (L + 1, ...) for L actions, as replayed (None: not recorded)."""

    total: float
    length: int
    metrics: Mapping[str, float]
    arrays: dict[str, NDArray[Any]] | None = None


@dataclass
class Recording:
    """An episode's rows ``(o_t, a_{t-1}, r_{t-1}, terminated_t)``; the first has zero action and zero reward.

    What a sensor gave where it is missing counts as zero.
    """

    rows: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, step: Mapping[str, Any]) -> None:
        """Add one row."""
        for name, value in step.items():
            self.rows.setdefault(name, []).append(value)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all rows as arrays, (L + 1, ...) each."""
        return {name: np.stack(values) for name, values in self.rows.items()}


def run_episode(
    env: gymnasium.Env,
    seed: int,
    choose: Callable[[Observation], NDArray[Any]],
    sensors: tuple[str, ...],
    keep: bool = False,
    on_step: Callable[[Observation], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
    enough: Callable[[], bool] = lambda: False,
) -> Episode | None:
    """Run an episode from a reset with ``seed``; return None when ``stop`` became true before its end.

    It is None, too, where the environment did not answer while the program was asked to stop: use it no more.
    Once ``enough`` is true, the episode is cut off as if it ended there. ``choose`` maps an observation, without the
    sensors that ``info["missing"]`` names, to an action (A,) in [-1, 1]; ``on_step`` sees every observation, the first
    included. Raises CoralError when the environment yields a reward or an observation that is not finite.
    """
    try:
        with WAIT:
            everything, info = env.reset(seed=seed)
    except AbandonedError:
        return None
    recording = Recording()
    nothing = np.zeros(env.action_space.shape or (), np.float32)
    total, length, ended, terminated, action, reward = 0.0, 0, False, False, nothing, 0.0
    while True:
        missing = [name in info.get("missing", ()) for name in sensors]
        observation = {name: everything[name] for name, gone in zip(sensors, missing, strict=True) if not gone}
        check_finite(observation, reward, length)
        if keep:
            filled = {
                name: np.zeros_like(everything[name]) if gone else everything[name].copy()  # it may be overwritten
                for name, gone in zip(sensors, missing, strict=True)
            }
            step = {"action": action, "reward": reward, "terminated": terminated, "missing": missing}
            recording.add(filled | step)
        if on_step is not None:
            on_step(observation)
        if ended:
            break
        if stop():
            return None
        action = choose(observation)
        try:
            with WAIT:
                everything, given, terminated, truncated, info = env.step(action)
        except AbandonedError:
            return None
        reward = float(given)
        total, length, ended = total + reward, length + 1, terminated or truncated or enough()
    metrics = {name: float(value) for name, value in info.get("metrics", {}).items()}
    return Episode(total, length, metrics, recording.arrays() if keep else None)


def check_finite(observation: Observation, reward: float, step: int) -> None:
    """Raise CoralError, naming what is not finite."""
    bad = [name for name, value in observation.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]
    if bad or not np.isfinite(reward):
        what = f"sensor {bad[0]!r}" if bad else "the reward"
        raise CoralError(f"{what} of the environment is not a finite number at step {step} of an episode.")


def acting(agent: Agent, explore: bool) -> Callable[[Observation], NDArray[Any]]:
    """Return what chooses the agent's actions, from a memory that is fresh now: make one per episode."""
    memory = agent.initial()

    def choose(observation: Observation) -> NDArray[Any]:
        nonlocal memory
        actions, memory = agent.act({name: value[None] for name, value in observation.items()}, memory, explore)
        own: NDArray[Any] = actions[0]
        return own

    return choose


def random_policy(env: gymnasium.Env, seed: int) -> Callable[[Observation], NDArray[Any]]:
    """Return what draws uniform random actions for the episode that begins with ``seed``."""
    random = random_actions(seed)
    return lambda _: random.uniform(-1, 1, env.action_space.shape).astype(np.float32)


def random_actions(seed: int) -> np.random.Generator:
    """Return the stream of random actions: another one than Gymnasium's for ``seed``, from which environments draw."""
    return np.random.default_rng([seed, 1])


def episode_seed(seed: int, stream: str, episode: int) -> int:
    """Return an independent seed below 2**32 for each episode of each named stream of a run."""
    stream_number = int.from_bytes(stream.encode(), "big")
    return int(np.random.SeedSequence([seed, stream_number, episode]).generate_state(1)[0])
