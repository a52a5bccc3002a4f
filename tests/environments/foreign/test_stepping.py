"""How foreign environments are stepped: actions, limits, the end of an episode and of the environment."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box

from coral_cli.environments.foreign import adapter

from .made import adapted, build


def test_pendulum_is_stepped_as_gymnasium_does(without_pygame):
    env, theirs = build("gym:Pendulum-v1", action_repeat=3), gymnasium.make("Pendulum-v1")
    observation, _ = env.reset(seed=3)
    expected, _ = theirs.reset(seed=3)
    assert observation["proprio"].dtype == np.float32 and (observation["proprio"] == expected).all()
    for action in np.linspace(-1, 1, 67, dtype=np.float32)[:, None]:  # 200 = 66 * 3 + 2
        observation, reward, terminated, truncated, _ = env.step(action)
        total, over = 0.0, False
        for _ in range(3):
            if not over:
                expected, one, _, over, _ = theirs.step(2 * action)  # torques of up to 2 Nm
                total += one
        assert observation["proprio"] == pytest.approx(expected, abs=1e-5) and reward == pytest.approx(total, rel=1e-5)
        assert (terminated, truncated) == (False, over)
    assert truncated and env.action_repeat == 3
    assert env.metadata["render_fps"] == pytest.approx(
        1 / (3 * theirs.unwrapped.dt)
    )  # it says 30, and makes 20 a second
    env.close()
    theirs.close()


def test_actions_reach_the_bounds_and_never_pass_them(toys):
    raw = toys.Drawing("rgb_array")
    env = adapted(raw)
    env.reset()
    for action in ([-1, -1], [1, 1], [0, 0], [-7, 7], [-0.5, 0.5]):
        env.step(np.array(action, np.float32))
    assert raw.actions[0].dtype == np.float32
    tenth = np.float32(0.1)
    assert np.allclose(raw.actions, [[-2, 0], [4, tenth], [1, 0.05], [-2, tenth], [-0.5, 0.075]])
    assert (raw.actions[1] == raw.action_space.high).all() and (raw.actions[0] == raw.action_space.low).all()
    raw.action_space = Box(-0.96, 0.02, (2,), np.float64)  # -0.96 + (0.02 + 0.96) is a little more than 0.02
    env = adapted(raw)
    env.reset()
    env.step(np.ones(2, np.float32))
    assert raw.actions[-1].dtype == np.float64 and (raw.actions[-1] == 0.02).all()


@pytest.mark.parametrize(
    ("ends", "repeat", "max_steps", "rewards", "last"),
    [
        (None, 1, 3, [10, 100, 1000], (False, True)),  # cut off
        (None, 2, 3, [110, 1000], (False, True)),  # in the middle of an action
        (3, 2, 9, [110, 1000], (True, False)),  # by itself
        (2, 2, 2, [110], (True, False)),  # by itself, at the limit
    ],
)
def test_an_episode_ends(toys, ends, repeat, max_steps, rewards, last):
    env = adapted(toys.Drawing("rgb_array", ends), action_repeat=repeat, max_steps=max_steps)
    for _ in range(2):  # the limit counts anew
        env.reset()
        results = [env.step(np.zeros(2))[1:4] for _ in rewards]
        assert [reward for reward, _, _ in results] == rewards
        assert [ends for _, *ends in results[:-1]] == [[False, False]] * (len(rewards) - 1)
        assert results[-1][1:] == last and type(results[-1][1]) is bool


@pytest.mark.parametrize(
    ("asked", "steps"),
    [({}, 5), ({"max_steps": 2}, 2), ({"max_steps": 9}, 5), ({"max_steps": 2, "limit": "own"}, 5)],
)
def test_the_shorter_of_two_limits_ends_an_episode(asked, steps):
    gymnasium.register("Drawing-v0", entry_point="foreign_toys:Drawing", max_episode_steps=5)
    try:
        env = build("gym:Drawing-v0", **asked)
        env.reset(seed=0)
        assert [env.step(np.zeros(2))[3] for _ in range(steps)] == [False] * (steps - 1) + [True]
    finally:
        del gymnasium.registry["Drawing-v0"]


def test_without_a_limit_of_its_own_that_which_was_asked_for_counts(toys):
    env = adapted(toys.Drawing("rgb_array"), max_steps=2, limit="own")
    env.reset(seed=0)
    assert [env.step(np.zeros(2))[3] for _ in range(2)] == [False, True]


def test_the_end_tells_success_and_numbers(toys):
    env = adapted(toys.Drawing("rgb_array"), max_steps=2)
    assert env.reset()[1] == {}  # what is there is not what coral means
    assert env.step(np.zeros(2))[4] == {"missing": ("proprio",)}
    assert env.step(np.zeros(2))[4] == {"missing": ("proprio",), "metrics": {"height": 2.0, "success": 1.0}}


def test_what_is_no_number_or_counted_anyway_is_no_metric():
    told = {"metrics": {"return": 5, "length": 2, "off": np.nan, "far": np.inf, "tip": np.float32(0.5)}}
    assert adapter.metrics_of(told, success=1.0) == {"tip": 0.5, "success": 1.0}


def test_closing_twice_closes_once(toys):
    raw = toys.Drawing("rgb_array")
    env = adapted(raw)
    env.close()
    env.close()
    assert raw.closed == 1
