"""Episodes from several copies are, bit for bit, those of one environment after another."""

import dataclasses
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import pytest

from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.environments.vectorised import Vectorised
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError
from coral_cli.training.collection import random_policy, run_episode
from coral_cli.training.collection_many import run_episodes
from coral_cli.training.collectors import SideBySide


@pytest.fixture(scope="module")
def toys():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "environments"))
        import vectorised_toys

        yield vectorised_toys


@pytest.fixture(scope="module")
def pair(toys):
    env = Vectorised(toys.Walk, 2)
    yield env
    env.close()


class RandomActions:
    """Each episode's random actions from its own seed, as ``random_policy`` has them, in one array."""

    def __init__(self, env, seeds):
        self._env, self._seeds, self._draws = env, iter(seeds), {}
        self._actions = np.zeros((env.count, *env.action_space.shape), np.float32)
        self.asked = []

    def __call__(self, observations, missing, fresh):
        self.asked.append((set(observations), fresh.tolist(), self._env.running.tolist()))
        for index in np.flatnonzero(fresh):
            self._draws[index] = random_policy(self._env, next(self._seeds))
        for index, draw in self._draws.items():
            self._actions[index] = draw(None)
        return self._actions


def same(one, other):
    assert (one.total, one.length, one.metrics) == (other.total, other.length, other.metrics)
    assert list(one.arrays) == list(other.arrays)
    for name, values in one.arrays.items():
        assert values.dtype == other.arrays[name].dtype and values.shape == other.arrays[name].shape
        assert values.tobytes() == other.arrays[name].tobytes(), name


@pytest.mark.parametrize("seeds", [[7, 4, 1, 3, 2, 4, 9], [3], []])
def test_episodes_of_any_length_are_those_of_one_environment(toys, pair, seeds):
    sensors = ("total", "picture")
    alone = [run_episode(toys.Walk(), seed, random_policy(pair, seed), sensors, keep=True) for seed in seeds]
    together = list(run_episodes(pair, seeds, RandomActions(pair, seeds), sensors, len(seeds)))
    assert len(together) == len(seeds)
    for one, other in zip(alone, together, strict=True):
        same(one, other)
    assert not seeds or any(episode.arrays["missing"].any() for episode in together)


def test_episodes_of_the_control_suite_are_those_of_one_environment():
    select_backend()
    record = next(record for record in ENVIRONMENTS if record.name == "cartpole-swingup")
    make = partial(record.build, dataclasses.replace(record.options, action_repeat=100), Rendering(32, 32))
    seeds, sensors = [5, 6, 7], ("image", "proprio")
    env = make()
    alone = [run_episode(env, seed, random_policy(env, seed), sensors, keep=True) for seed in seeds]
    env.close()
    copies = Vectorised(make, 2)
    together = list(run_episodes(copies, seeds, RandomActions(copies, seeds), sensors, len(seeds)))
    copies.close()
    for one, other in zip(alone, together, strict=True):
        assert one.length == 10 and one.arrays["image"].std() > 0
        same(one, other)


def test_who_chooses_learns_what_is_fresh(pair):
    choose = RandomActions(pair, [4, 3, 4])  # 2, 5 and 2 steps
    list(run_episodes(pair, [4, 3, 4], choose, ("total",)))
    fresh = [fresh for _, fresh, _ in choose.asked]
    assert fresh == [[True, True], [False, False], [True, False], [False, False], [False, False]]
    assert choose.asked[0][0] == {"total"}  # the sensors in use
    assert choose.asked[4][2] == [False, True]  # none is left for the first copy


def test_a_missing_sensor_shows_zeros(pair):
    asked = []

    def choose(observations, missing, fresh):
        asked.append((observations["picture"][0].any(), missing["picture"].tolist(), missing["total"].tolist()))
        return np.zeros((2, 2), np.float32)

    list(run_episodes(pair, [3], choose, ("picture", "total")))  # 5 steps
    assert [seen for seen, _, _ in asked] == [True, True, False, True, True]
    assert [gone[0] for _, gone, _ in asked] == [False, False, True, False, False]
    assert not any(any(total) for _, _, total in asked)


def test_nothing_follows_a_stop(pair):
    choose = RandomActions(pair, [3, 4, 4])
    episodes = run_episodes(pair, [3, 4, 4], choose, ("total",), stop=lambda: len(choose.asked) == 3)
    assert list(episodes) == []  # the second seed's was over, but the first one's was not
    choose = RandomActions(pair, [4, 3])
    episodes = run_episodes(pair, [4, 3], choose, ("total",), stop=lambda: len(choose.asked) == 2)
    assert [episode.length for episode in episodes] == [2]
    choose = RandomActions(pair, [3])
    assert [episode.length for episode in run_episodes(pair, [3], choose, ("total",))] == [5]
    assert choose.asked[0][2] == [True, False]  # the copy that was stopped begins nothing


@pytest.mark.parametrize("times", [1, 2])
def test_the_episode_of_a_lost_copy_begins_anew_and_is_the_same(toys, pair, tmp_path, times):
    seeds, sensors = [7, 4, 1, 3], ("total", "picture")
    alone = [run_episode(toys.Walk(), seed, random_policy(pair, seed), sensors, keep=True) for seed in seeds]
    copies = Vectorised(partial(toys.Mortal, tmp_path, times=times), 2)
    together = list(SideBySide(copies).random_episodes(seeds, sensors, lambda: False))
    copies.close()
    assert len(copies.remarks) == times
    for one, other in zip(alone, together, strict=True):
        same(one, other)


def test_an_agent_s_memory_begins_anew_with_the_episode(toys, tmp_path):
    asked = []

    def choose(observations, missing, fresh):
        asked.append(fresh.tolist())
        return np.zeros((1, 2), np.float32)

    copies = Vectorised(partial(toys.Mortal, tmp_path), 1)
    assert [episode.length for episode in run_episodes(copies, [4], choose, ("total",))] == [2]
    copies.close()
    assert asked == [[True], [False], [True], [False]]  # it died in its second step


def test_copies_that_are_lost_again_and_again_are_an_error_at_once(toys, tmp_path, monkeypatch):
    started, start = [], SpawnProcess.start
    monkeypatch.setattr(SpawnProcess, "start", lambda worker: (started.append(worker), start(worker)))
    copies = Vectorised(partial(toys.Mortal, tmp_path, times=3), 1, "the toy")
    with pytest.raises(CoralError, match=r"copy 0 of the toy died \(SIGKILL\): .* third .* with seed 3\.") as caught:
        list(run_episodes(copies, [3], RandomActions(copies, [3, 3, 3]), ("total",)))
    assert "--env-timeout" in caught.value.hint
    assert len(started) == 3 and len(copies.remarks) == 2  # the third one is not replaced
    copies.close()


def test_an_interruption_does_not_wait_for_a_copy_that_hangs(toys, tmp_path):
    copies = Vectorised(partial(toys.Mortal, tmp_path, "sleep"), 1, "the toy", 600)
    episodes = run_episodes(
        copies, [4, 3], RandomActions(copies, [4, 3]), ("total",), stop=lambda: bool(list(tmp_path.iterdir()))
    )
    assert list(episodes) == []
    assert not copies.workers[0].is_alive()


def test_numbers_that_are_none_stop_the_run(toys):
    copies = Vectorised(partial(toys.Faulty, "nan"), 1)
    with pytest.raises(CoralError, match=r"'total'.* at step 2"):
        list(run_episodes(copies, [3], RandomActions(copies, [3]), ("total",)))
    copies.close()
