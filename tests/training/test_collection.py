"""Episodes as they are stored: the timing of (o_t, a_{t-1}, r_{t-1}), seeds, refusals."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.registry.errors import CoralError
from coral_cli.training.collection import episode_seed, random_policy, run_episode


class Counter(gymnasium.Env):
    """Observes the sum of all actions so far; the reward is ten times the action; ends after ``length`` steps."""

    observation_space = Dict(total=Box(-np.inf, np.inf, (1,), np.float32), unused=Box(0, 1, (1,), np.float32))
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self, length=3, terminates=False, bad=None):
        self._length, self._terminates, self._bad = length, terminates, bad

    def reset(self, *, seed=None, options=None):
        self._total, self._steps = 0.0, 0
        return self._observe(), {}

    def step(self, action):
        self._total, self._steps = self._total + float(action[0]), self._steps + 1
        over = self._steps == self._length
        reward = np.nan if self._bad == "reward" else 10 * float(action[0])
        metrics = {"metrics": {"success": True}} if over else {}
        return self._observe(), reward, over and self._terminates, over and not self._terminates, metrics

    def _observe(self):
        total = np.inf if self._bad == "sensor" and self._steps == 2 else self._total
        return {"total": np.array([total], np.float32), "unused": np.zeros(1, np.float32)}


def actions(*values):
    remaining = iter(values)
    return lambda _: np.array([next(remaining)], np.float32)


def test_each_row_holds_what_led_to_its_observation():
    episode = run_episode(Counter(), 0, actions(0.1, 0.2, 0.4), ("total",), keep=True)
    arrays = episode.arrays
    assert arrays["total"][:, 0].tolist() == pytest.approx([0.0, 0.1, 0.3, 0.7])
    assert arrays["action"][:, 0].tolist() == pytest.approx([0.0, 0.1, 0.2, 0.4])
    assert arrays["reward"].tolist() == pytest.approx([0.0, 1.0, 2.0, 4.0])
    assert arrays["terminated"].tolist() == [False] * 4  # truncated
    assert set(arrays) == {"total", "action", "reward", "terminated", "missing"}
    assert not arrays["missing"].any()
    assert episode.total == pytest.approx(7.0) and episode.length == 3 and episode.metrics == {"success": 1.0}


def test_termination_is_kept():
    arrays = run_episode(Counter(terminates=True), 0, actions(0.1, 0.2, 0.4), ("total",), keep=True).arrays
    assert arrays["terminated"].tolist() == [False, False, False, True]


def test_a_stopped_episode_is_no_episode():
    asked = iter([False, False, True])
    assert run_episode(Counter(), 0, actions(0.1, 0.2, 0.4), ("total",), stop=lambda: next(asked)) is None


def test_every_observation_is_shown():
    seen = []
    run_episode(Counter(), 0, actions(0.1, 0.2, 0.4), ("total",), on_step=lambda o: seen.append(float(o["total"][0])))
    assert seen == pytest.approx([0.0, 0.1, 0.3, 0.7])


@pytest.mark.parametrize(
    ("bad", "match"), [("sensor", "sensor 'total'.* at step 2"), ("reward", "the reward.* at step 1")]
)
def test_numbers_that_are_none_stop_the_run(bad, match):
    with pytest.raises(CoralError, match=match):
        run_episode(Counter(bad=bad), 0, actions(0.1, 0.2, 0.4), ("total",))


def test_random_actions_are_uniform_and_seeded():
    env = Counter()
    first, second, other = (random_policy(env, seed)(None) for seed in (1, 1, 2))
    assert first == second != other
    draw = random_policy(env, 0)
    values = np.array([draw(None)[0] for _ in range(5000)])
    assert values.min() >= -1 and values.max() <= 1
    assert values.mean() == pytest.approx(0, abs=0.03) and values.var() == pytest.approx(1 / 3, abs=0.02)


def test_seeds_differ_by_run_stream_and_episode():
    seeds = {episode_seed(s, stream, e) for s in range(3) for stream in ("training", "evaluation") for e in range(50)}
    assert len(seeds) == 300 and episode_seed(0, "training", 0) == episode_seed(0, "training", 0)


def test_an_episode_is_cut_off_once_it_is_enough() -> None:
    enough = iter((False, False, True))
    episode = run_episode(Counter(9), 0, actions(1, 1, 1, 1), (), enough=lambda: next(enough))
    assert episode is not None and episode.length == 3
