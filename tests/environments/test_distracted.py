"""The wrapper of distractions: which random numbers, which values and which scenes each of them gets."""

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.distractions.wrapper import Distracted


class Two(gymnasium.Env):
    """Two cameras, each with a scene of its own; the right one gives nothing at the first step."""

    observation_space = Dict({name: Box(0, 255, (1,), np.float32) for name in ("left", "right")})
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self):
        self.scenes = {name: SimpleNamespace(name=name, cut_out=True) for name in ("left", "right")}
        self.scene = self.scenes["left"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action):
        return self._seen(), 0.0, False, False, {"missing": ("right",)}

    def _seen(self):
        for scene in self.scenes.values():
            scene.prepare()
        return {name: np.ones(1, np.float32) for name in self.scenes}


class Noting:
    """Notes what it draws when an episode begins, and which scenes and values it is shown; doubles the values."""

    def __init__(self):
        self.drawn, self.prepared, self.changed = [], [], 0

    def begin(self, random, scene):
        self.drawn.append(random.random())

    def prepare(self, scene):
        self.prepared.append(scene.name)

    def change(self, value, scene):
        self.changed += 1
        return 2 * value


@pytest.fixture
def modules():
    return {"left": (Noting(), Noting()), "right": (Noting(),)}


def test_each_draws_from_a_stream_of_its_own_that_follows_from_the_seed(modules):
    env, everyone = Distracted(Two(), modules), [*modules["left"], *modules["right"]]
    for seed in (7, 8, 7):
        env.reset(seed=seed)
    first, second, third = zip(*(module.drawn for module in everyone), strict=True)
    assert first == third and len({*first, *second}) == 6


def test_each_sees_its_own_camera_s_scene_alone(modules):
    env = Distracted(Two(), modules)
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    assert [module.prepared for name in modules for module in modules[name]] == [
        ["left"] * 2,
        ["left"] * 2,
        ["right"] * 2,
    ]
    assert [scene.cut_out for scene in env.unwrapped.scenes.values()] == [False, False]


def test_what_is_missing_is_not_changed(modules):
    env = Distracted(Two(), modules)
    observation, info = env.reset(seed=0)
    assert {name: value.tolist() for name, value in observation.items()} == {"left": [4.0], "right": [2.0]}
    assert info == {} and modules["right"][0].changed == 1
    observation, _, _, _, info = env.step(np.zeros(1, np.float32))
    assert {name: value.tolist() for name, value in observation.items()} == {"left": [4.0], "right": [1.0]}
    assert info["missing"] == ("right",) and modules["right"][0].changed == 1
