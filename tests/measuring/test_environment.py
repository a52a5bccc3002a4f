"""Stepping, by a clock that only the toys move."""

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.measuring import environment
from coral_cli.measuring.environment import drawing_times, stepping, stepping_side_by_side


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(environment, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


class Scene:
    def __init__(self, clock):
        self.clock, self.drawn = clock, 0

    def agent(self, data):
        self.clock.now += 0.001
        self.drawn += 1
        return data


class Toy(gymnasium.Env):
    """Episodes of 7 actions; a reset takes 5 ms, an action 3 ms, of which 1 ms is drawing if there is a scene."""

    observation_space = Dict(proprio=Box(-1, 1, (2,), np.float32))
    action_space = Box(-1, 1, (2,), np.float32)
    action_repeat = 4

    def __init__(self, clock, scene=None):
        self.clock = clock
        if scene is not None:
            self.scene = scene

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        rest = 0.005 - self._draw()
        self.clock.now += rest
        return {}, {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.steps += 1
        rest = 0.003 - self._draw()
        self.clock.now += rest
        return {}, 0.0, False, self.steps == 7, {}

    def _draw(self):
        return 0.001 if hasattr(self, "scene") and self.scene.agent(1) else 0.0


def test_drawing_is_told_apart_where_there_is_a_scene(clock):
    walked = stepping(Toy(clock, Scene(clock)), seed=0)
    assert walked.step.median == pytest.approx(0.003) and walked.step.repeats == environment.STEPS
    assert walked.reset.median == pytest.approx(0.005) and walked.reset.repeats == 1 + (300 + 3) // 7
    assert walked.drawing == pytest.approx(1 / 3)
    assert walked.steps_per_second == pytest.approx(4 / 0.003)
    assert walked.length == 7


def test_the_scene_may_lie_behind_wrappers(clock):
    scene = Scene(clock)
    with drawing_times(gymnasium.wrappers.TimeLimit(Toy(clock, scene), 5)) as frames:
        assert scene.agent("picture") == "picture"
    assert frames == [pytest.approx(0.001)]
    scene.agent("another")
    assert len(frames) == 1 and scene.drawn == 2


def test_without_a_scene_only_the_whole_step_is_known(clock):
    walked = stepping(Toy(clock), seed=0)
    assert walked.drawing is None and walked.steps_per_second == pytest.approx(4 / 0.003)


def test_a_slow_environment_is_not_stepped_for_long(clock):
    toy = Toy(clock)
    toy.step = lambda action: setattr(clock, "now", clock.now + 8.0) or ({}, 0.0, False, False, {})
    walked = stepping(toy, seed=0)
    assert walked.step.repeats == environment.FEWEST and walked.step.median == pytest.approx(8.0)
    assert walked.length is None  # its end was not seen


class Copies:
    """Two copies; every second step of both ends the first one's episode, a step takes as long as one copy's."""

    count, action_repeat = 2, 4
    action_space = Toy.action_space

    def __init__(self, clock):
        self.clock, self.steps, self.begun = clock, 0, []

    def reset(self, seeds):
        self.running = np.array([True, True])
        self.begun.append(list(seeds))

    def reset_some(self, seeds):
        self.clock.now += 0.1
        self.begun.append(list(seeds))
        self.running[list(seeds)] = True

    def step(self, actions):
        assert actions.shape == (2, 2)
        self.clock.now += 0.01
        self.steps += 1
        self.running[0] = self.steps % 2 == 1


def test_copies_side_by_side(clock):
    copies = Copies(clock)
    assert stepping_side_by_side(copies, seed=3) == pytest.approx(2 * 4 / 0.01)
    assert copies.begun[0] == [3, 4] and copies.begun[1] == [0]
