"""Where episodes come from: one environment, or several copies of it side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.vectorised import Vectorised
from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode, Observation, acting, random_actions, random_policy, run_episode
from coral_cli.training.collection_many import ChooseMany, Missing, run_episodes

Stop = Callable[[], bool]


class Collector(Protocol):
    """What runs one episode per seed, in their order; fewer when ``stop`` becomes true."""

    count: int
    """The number of episodes that run side by side."""
    action_repeat: int
    remarks: list[str]
    """The sentences on copies that were lost; whoever tells one takes it out."""

    def random_episodes(self, seeds: Sequence[int], sensors: tuple[str, ...], stop: Stop) -> Iterator[Episode]:
        """Yield recorded episodes with uniform random actions, which follow from the seeds."""
        ...

    def exploring_episodes(self, agent: Agent, seeds: Sequence[int], stop: Stop) -> Iterator[Episode]:
        """Yield recorded episodes of an exploring agent."""
        ...

    def evaluated(self, agent: Agent, seeds: Sequence[int], stop: Stop, keep: int = 0) -> Iterator[Episode]:
        """Yield episodes with the agent's mean action, the first ``keep`` of them with their steps.

        The caller's random streams stay as they are.
        """
        ...


def collector_of(env: gymnasium.Env | Vectorised) -> Collector:
    """Return what runs episodes in ``env``."""
    return SideBySide(env) if isinstance(env, Vectorised) else OneByOne(env)


class OneByOne:
    """Episodes of one environment; ``on_step`` sees every observation of an evaluation, whose steps ``keep`` keeps."""

    count = 1

    def __init__(
        self, env: gymnasium.Env, on_step: Callable[[Observation], object] | None = None, keep: bool = False
    ) -> None:
        self.action_repeat = action_repeat(env)
        self.remarks: list[str] = []
        self._env, self._on_step, self._keep = env, on_step, keep

    def random_episodes(self, seeds: Sequence[int], sensors: tuple[str, ...], stop: Stop) -> Iterator[Episode]:
        for seed in seeds:
            episode = run_episode(self._env, seed, random_policy(self._env, seed), sensors, keep=True, stop=stop)
            if episode is None:
                return
            yield episode

    def exploring_episodes(self, agent: Agent, seeds: Sequence[int], stop: Stop) -> Iterator[Episode]:
        for seed in seeds:
            choose = acting(agent, explore=True)
            episode = run_episode(self._env, seed, choose, tuple(agent.sensors), keep=True, stop=stop)
            if episode is None:
                return
            yield episode

    def evaluated(self, agent: Agent, seeds: Sequence[int], stop: Stop, keep: int = 0) -> Iterator[Episode]:
        for number, seed in enumerate(seeds):
            with _drawing_from(seed, agent.device):
                choose = acting(agent, explore=False)
                sensors = tuple(agent.sensors)
                kept = self._keep or number < keep
                episode = run_episode(self._env, seed, choose, sensors, kept, self._on_step, stop)
            if episode is None:
                return
            yield episode


class SideBySide:
    """Episodes of several copies; the agent acts in all of them at once."""

    def __init__(self, env: Vectorised) -> None:
        self.count, self.action_repeat = env.count, env.action_repeat
        self.remarks = env.remarks
        self._env = env

    def random_episodes(self, seeds: Sequence[int], sensors: tuple[str, ...], stop: Stop) -> Iterator[Episode]:
        yield from run_episodes(self._env, seeds, self._chance(), sensors, len(seeds), stop)

    def exploring_episodes(self, agent: Agent, seeds: Sequence[int], stop: Stop) -> Iterator[Episode]:
        choose = acting_together(agent, self.count, explore=True)
        yield from run_episodes(self._env, seeds, choose, tuple(agent.sensors), len(seeds), stop)

    def evaluated(self, agent: Agent, seeds: Sequence[int], stop: Stop, keep: int = 0) -> Iterator[Episode]:
        with _drawing_from(seeds[0], agent.device):
            choose = acting_together(agent, self.count, explore=False)
            episodes = list(run_episodes(self._env, seeds, choose, tuple(agent.sensors), keep, stop))
        yield from episodes

    def _chance(self) -> ChooseMany:
        """Return what gives the actions as ``random_policy`` does for the seed of each copy's episode."""
        streams: dict[int, np.random.Generator] = {}

        def choose(observations: Observation, missing: object, fresh: NDArray[np.bool_]) -> NDArray[Any]:
            streams.update((index, random_actions(self._env.seeds[index])) for index in np.flatnonzero(fresh).tolist())
            actions = np.zeros((self.count, *self._env.action_space.shape), np.float32)
            for index, stream in streams.items():
                actions[index] = stream.uniform(-1, 1, actions.shape[1:])
            return actions

        return choose


def acting_together(agent: Agent, count: int, explore: bool) -> ChooseMany:
    """Return what chooses the agent's actions in ``count`` copies, from memories that begin with their episodes."""
    memory = agent.initial(count)

    def choose(observations: Observation, missing: Missing, fresh: NDArray[np.bool_]) -> NDArray[Any]:
        nonlocal memory
        gone = {name: where for name, where in missing.items() if where.any()}
        actions, memory = agent.act(observations, memory.restarted(fresh), explore, gone)
        return actions

    return choose


@contextmanager
def _drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Have an agent on ``device`` draw from ``seed``, and from its former streams afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
