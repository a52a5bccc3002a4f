"""Foreign environments that answer otherwise than Gymnasium says: what is taken, and what is told instead."""

import math
import random
import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Tuple

from coral_cli.environments.foreign.adapter import Foreign
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError

HERE = Path(__file__).name


class Plain(gymnasium.Env):
    """Answers with what a test has put into its place."""

    observation_space = Box(-1, 1, (1,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)
    answer = (np.zeros(1), 0.5, False, False, {})
    began = (np.zeros(1), {})

    def reset(self, *, seed=None, options=None):
        self.asked = seed, options
        return self.began

    def step(self, action):
        return self.answer


class WithoutOptions(Plain):
    def reset(self, seed=None):
        return Plain.reset(self, seed=seed)


class WithoutSeed(Plain):
    def reset(self):
        return self.began


def adapted(env, **options):
    return Foreign("toy", env, ForeignOptions(**options), Rendering(2, 2), draws=False)


def stepped(answer, **options):
    raw = Plain()
    env = adapted(raw, **options)
    env.reset(seed=1)
    raw.answer = answer
    return env.step(np.zeros(1))


def test_a_reset_without_options_is_one() -> None:
    raw = WithoutOptions()
    adapted(raw).reset(seed=7)
    assert raw.asked == (7, None)
    raw = Plain()
    adapted(raw).reset(seed=7, options={"goal": 1})
    assert raw.asked == (7, {"goal": 1})
    adapted(raw).reset(seed=2**31 + 9)
    assert raw.asked == (9, None)


def line_of(word):
    """Where ``word`` stands in this file."""
    return next(number for number, text in enumerate(Path(__file__).read_text().splitlines(), 1) if word in text)


def test_a_reset_without_a_seed_is_told_with_its_line() -> None:
    place = rf"foreign/{HERE}, line {line_of('def reset(self):')}\)"
    with pytest.raises(CoralError, match=rf"toy has a reset\(\) without 'seed'.* at the start of an episode \({place}"):
        adapted(WithoutSeed()).reset(seed=1)


@pytest.mark.parametrize(
    ("began", "said"),
    [
        (np.zeros(1), r"gives a ndarray from reset\(\), not 2,"),
        ((np.zeros(1), {}, 3), r"gives 3 values from reset\(\), not 2,"),
        ((np.zeros(1), None), "gives a NoneType as 'info'"),
    ],
)
def test_a_reset_of_another_form_is_told(began, said) -> None:
    raw = Plain()
    raw.began = began
    with pytest.raises(CoralError, match=f"^toy {said} at the start of an episode"):
        adapted(raw).reset(seed=1)


SEEN = np.zeros(1)
ODD = [
    ((SEEN, 0.0, True, {}), r"gives 4 values from step\(\), not 5,"),
    (None, r"gives a NoneType from step\(\), not 5,"),
    ((SEEN, "1.0", False, False, {}), "gives '1.0' as 'reward'"),
    ((SEEN, None, False, False, {}), "gives None as 'reward'"),
    ((SEEN, 1j, False, False, {}), "gives 1j as 'reward'"),
    ((SEEN, np.zeros(2), False, False, {}), "gives an array of 2 as 'reward'"),
    ((SEEN, 0.0, "no", False, {}), "gives 'no' as 'terminated'"),
    ((SEEN, 0.0, None, False, {}), "gives None as 'terminated'"),
    ((SEEN, 0.0, False, {}, {}), "gives {} as 'truncated'"),
    ((SEEN, 0.0, False, False, None), "gives a NoneType as 'info'"),
]


@pytest.mark.parametrize(("answer", "said"), ODD)
def test_a_step_of_another_form_is_told_with_its_line(answer, said) -> None:
    place = rf" \(foreign/{HERE}, line {line_of('def step(self, action):')}\)"
    with pytest.raises(CoralError, match=f"^toy {said} at step 1 of an episode{place}"):
        stepped(answer)


def test_a_wrapper_that_stumbles_over_an_old_environment_is_told() -> None:
    raw = Plain()
    env = adapted(gymnasium.wrappers.TimeLimit(raw, 9))
    env.reset(seed=1)
    raw.answer = (SEEN, 0.0, True, {})
    with pytest.raises(CoralError, match=r"does not give 5 values from step\(\) at step 1 of an episode \(foreign/"):
        env.step(np.zeros(1))


def test_what_an_environment_itself_cannot_unpack_is_its_own_error() -> None:
    class Own(Plain):
        def step(self, action):
            _one, _two, _three = (1, 2)

    env = adapted(Own())
    env.reset(seed=1)
    with pytest.raises(ValueError, match="values to unpack"):
        env.step(np.zeros(1))


@pytest.mark.parametrize("reward", [2, np.float32(2), np.array([2.0]), np.array([[2]]), np.array(2)])
def test_a_reward_is_one_number_of_any_kind(reward) -> None:
    _, given, terminated, truncated, _ = stepped((SEEN, reward, np.array([True]), np.bool_(False), {}))
    assert (given, terminated, truncated) == (2.0, True, False)
    assert type(given) is float and type(terminated) is bool and type(truncated) is bool


def test_the_step_of_an_episode_counts_anew() -> None:
    raw = Plain()
    env = adapted(raw)
    for _ in range(2):
        env.reset(seed=1)
        env.step(np.zeros(1))
    raw.answer = (np.full(1, 5.0), 0.0, False, False, {})
    with pytest.raises(CoralError, match=r"^at step 2 of an episode, sensor 'proprio' of toy gave 5,"):
        env.step(np.zeros(1))


def solved(says, **options):
    """The metrics of an episode whose steps say so."""
    raw = Plain()
    env = adapted(raw, max_steps=len(says), **options)
    env.reset(seed=1)
    for info in says:
        raw.answer = (SEEN, 0.0, False, False, info)
        told = env.step(np.zeros(1))[4]
    return told.get("metrics", {})


@pytest.mark.parametrize(
    ("says", "last", "any_"),
    [
        ([True, False], 0.0, 1.0),
        ([False, True], 1.0, 1.0),
        ([0.0, 0.5], 0.5, 0.5),
        ([np.array([True]), np.array([[False]])], 0.0, 1.0),
    ],
)
@pytest.mark.parametrize("name", ["success", "is_success", "succeed", "solved", "metrics", "final_info"])
def test_success_is_that_of_the_last_step_or_of_any(says, last, any_, name) -> None:
    infos = [{name: {"success": say} if name in ("metrics", "final_info") else say} for say in says]
    assert solved(infos) == {"success": last}
    assert solved(infos, success="any") == {"success": any_}
    assert solved([*infos, {}]) == {} and solved([*infos, {}], success="any") == {"success": any_}


def test_any_step_counts_that_an_action_repeats() -> None:
    infos = [{"success": True}, {"success": False}]
    raw = Plain()
    env = adapted(raw, max_steps=2, action_repeat=2, success="any")
    for _ in range(2):  # of an episode, and not of the one before
        env.reset(seed=1)
        said = iter(infos)
        raw.step = lambda action, said=said: (SEEN, 0.0, False, False, next(said))
        assert env.step(np.zeros(1))[4]["metrics"] == {"success": 1.0}
    env.reset(seed=1)
    raw.step = lambda action: (SEEN, 0.0, False, False, {"success": False})
    assert env.step(np.zeros(1))[4]["metrics"] == {"success": 0.0}


@pytest.mark.parametrize(("given", "said"), [(np.ones(2), "an array of 2"), ("yes", "'yes'"), ({}, "{}")])
def test_success_that_is_no_number_is_told(given, said) -> None:
    with pytest.raises(CoralError, match=f"^toy says {re.escape(said)} about success at step 1 of an episode"):
        solved([{"success": given}])


def test_success_that_is_not_known_is_none() -> None:
    assert solved([{"success": None}]) == {} and solved([{"success": math.nan}]) == {}
    assert solved([{"success": None, "is_success": True}]) == {"success": 1.0}
    assert solved([{"metrics": {"solved": 7}}]) == {"solved": 7.0}  # a number of its own


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (Discrete(2), r"Discrete\(2\): discrete actions are not supported"),
        (Box(0, 3, (1,), np.int64), "discrete actions are not supported"),
        (Dict(left=Box(-1, 1, (3,)), right=Box(-1, 1, (3,))), r"a Dict, which is not supported: Dict\('left': Box"),
        (Tuple([Box(-1, 1, (3,))]), "a Tuple, which is not supported"),
        (Box(-1, 1, ()), "there is no axis of numbers"),
        (Box(-1, 1, (0,)), "there is no axis of numbers"),
    ],
)
def test_actions_that_cannot_be_given_are_told(space, said) -> None:
    raw = Plain()
    raw.action_space = space
    with pytest.raises(
        UsageError, match=f"the actions of toy are {'.*' if 'a Dict' not in said else ''}{said}"
    ) as caught:
        adapted(raw)
    assert "one Box of real numbers" in caught.value.hint


class Double(Plain):
    """Its physics wants double precision and no gradients, and says so to all of torch."""

    def __init__(self) -> None:
        self.found = []

    def reset(self, *, seed=None, options=None):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        return super().reset(seed=seed)

    def step(self, action):
        self.found.append((torch.get_default_dtype(), torch.is_grad_enabled()))
        return super().step(action)


def test_what_an_environment_sets_for_torch_is_its_own_alone() -> None:
    raw = Double()
    env = adapted(raw)
    try:
        env.reset(seed=1)
        assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
        with torch.no_grad():
            env.step(np.zeros(1))
            assert not torch.is_grad_enabled()
        assert raw.found == [(torch.float64, False)]
        assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
    finally:
        raw.step = lambda action: (
            [torch.set_default_dtype(torch.float32), torch.set_grad_enabled(True)] and Plain.answer
        )
        env.step(np.zeros(1))


class Global(Plain):
    """Draws from everybody's streams, whatever seed it is given."""

    def reset(self, *, seed=None, options=None):
        return np.array([np.random.uniform()]), {}

    def step(self, action):
        return np.array([random.random()]), 0.5, False, False, {}


def test_an_episode_follows_from_its_seed_where_global_streams_are_drawn_from() -> None:
    env = adapted(Global())

    def episode(seed: int) -> list[float]:
        first, _ = env.reset(seed=seed)
        return [float(seen["proprio"][0]) for seen in (first, env.step(np.zeros(1))[0])]

    assert episode(5) == episode(5) == episode(2**31 + 5)
    assert episode(5)[0] != episode(6)[0] and episode(5)[1] != episode(6)[1]
