"""Episodes in several copies of an environment at once: the same as one copy would give, only sooner."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.vectorised import GivenUpError
from coral_cli.registry.errors import CoralError
from coral_cli.training.collection import Episode, Observation, Recording, check_finite

if TYPE_CHECKING:
    from coral_cli.environments.vectorised import Vectorised

TRIES = 3
"""The number of times an episode is begun at most: simulators may die at random, or of what an episode holds."""

HINT = "Raise --env-timeout if it only takes its time; else try that seed with --envs 1, where its error can be seen."

Missing = Mapping[str, NDArray[np.bool_]]
ChooseMany = Callable[[Observation, Missing, NDArray[np.bool_]], NDArray[Any]]
"""A function that chooses actions (N, A) in [-1, 1] for all copies.

It gets observations (N, ...), which of them are missing, by sensor (N,), and whose episode begins (N,). A missing
sensor shows zeros. The observations are views: the next step overwrites them.
"""


def run_episodes(
    env: Vectorised,
    seeds: Sequence[int],
    choose: ChooseMany,
    sensors: tuple[str, ...],
    keep: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Episode]:
    """Yield an episode per seed, in their order, the first ``keep`` of them with their steps.

    There are fewer if ``stop`` became true. Each is what ``run_episode`` gives for its seed and the same actions.
    Copies without an episode take the next seeds, the lowest index first; what ``choose`` returns for a copy when none
    is left does not matter. The episode of a copy that is lost begins anew in another one. Where ``stop`` is true while
    a copy hangs, all are closed. Raises CoralError when the environment yields a reward or an observation that is not
    finite, or when copies are lost ``TRIES`` times in the same episode.
    """
    env.stop = stop
    collecting = _Collecting(env, seeds, sensors, keep)
    with suppress(GivenUpError):
        for number in range(len(seeds)):
            while number not in collecting.finished:
                if stop():
                    return
                fresh = collecting.begin()
                collecting.step(choose(collecting.observations, collecting.missing, fresh))
            yield collecting.finished.pop(number)


@dataclass
class _Current:
    """An episode that a copy is in; ``number`` is its place among the seeds."""

    number: int
    recording: Recording = field(default_factory=Recording)
    total: float = 0.0
    length: int = 0


class _Collecting:
    """The copies, the episodes they are in, and those that are finished, by number."""

    def __init__(self, env: Vectorised, seeds: Sequence[int], sensors: tuple[str, ...], keep: int) -> None:
        self.finished: dict[int, Episode] = {}
        self.missing = {name: np.zeros(env.count, np.bool_) for name in sensors}
        self._env, self._keep = env, keep
        self._seeds = seeds
        self._waiting = deque(range(len(seeds)))
        self._losses = Counter[int]()
        self._current: dict[int, _Current] = {}
        everything, _ = env.reset([None] * env.count)
        self.observations = {name: everything[name] for name in sensors}

    def begin(self) -> NDArray[np.bool_]:
        """Begin the next episodes in all copies that are in none; return a mask (N,) of these copies."""
        idle = [index for index in range(self._env.count) if index not in self._current]
        starting = {index: self._waiting.popleft() for index in idle[: len(self._waiting)]}
        _, infos = self._env.reset_some({index: self._seeds[number] for index, number in starting.items()})
        self._current |= {index: _Current(number) for index, number in starting.items()}
        self._begin_lost_anew()
        nothing = np.zeros(self._env.action_space.shape, np.float32)
        begun = [index for index in starting if index in self._current]
        for index in begun:
            self._see(index, infos[index], nothing, 0.0, False)
        return np.isin(np.arange(self._env.count), begun)

    def _begin_lost_anew(self) -> None:
        """Let the episodes of copies that were lost wait for others, before those that have not begun yet."""
        for index, how in self._env.lost.items():
            number = self._current.pop(index).number
            self._losses[number] += 1
            if self._losses[number] == TRIES:
                raise CoralError(
                    f"copy {index} of {self._env.name} {how}: it is the third one that is lost in the same episode, "
                    f"with seed {self._seeds[number]}.",
                    HINT,
                )
            self._waiting.appendleft(number)
        self._waiting = deque(sorted(self._waiting))

    def step(self, actions: NDArray[Any]) -> None:
        """Do one action (N, A) in every copy that is in an episode."""
        _, rewards, terminated, truncated, infos = self._env.step(actions)
        self._begin_lost_anew()
        for index, episode in list(self._current.items()):
            reward = float(rewards[index])
            episode.total, episode.length = episode.total + reward, episode.length + 1
            self._see(index, infos[index], actions[index].copy(), reward, bool(terminated[index]))
            if terminated[index] or truncated[index]:
                del self._current[index]
                metrics = {name: float(value) for name, value in infos[index].get("metrics", {}).items()}
                arrays = episode.recording.arrays() if episode.number < self._keep else None
                self.finished[episode.number] = Episode(episode.total, episode.length, metrics, arrays)

    def _see(self, index: int, info: Mapping[str, Any], action: NDArray[Any], reward: float, terminated: bool) -> None:
        """Take in what a copy shows, and the action, reward and termination that led there."""
        episode = self._current[index]
        gone = [name in info.get("missing", ()) for name in self.observations]
        for (name, values), missing in zip(self.observations.items(), gone, strict=True):
            self.missing[name][index] = missing
            if missing:
                values[index] = 0
        seen = {name: values[index] for name, values in self.observations.items()}
        check_finite(seen, reward, episode.length)
        if episode.number < self._keep:
            led = {"action": action, "reward": reward, "terminated": terminated, "missing": gone}
            episode.recording.add({name: value.copy() for name, value in seen.items()} | led)
