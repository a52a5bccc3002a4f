"""How fast films of foreign environments run: by what is simulated, where that is known."""

import math

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from gymnasium.wrappers import MaxAndSkipObservation, TimeLimit

from .made import adapted


class Plain(gymnasium.Env):
    observation_space = Box(0, 255, (4, 4, 3), np.uint8)
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self, **attributes):
        self.metadata = {"render_fps": 24}
        vars(self).update(attributes)


class AtariEnv(Plain):
    """As ale_py.env.AtariEnv tells of itself."""

    __module__ = "ale_py.env"


def rate(env, **options):
    return adapted(env, draws=False, **options).metadata.get("render_fps")


def test_metadata_that_is_none_tells_no_frames_a_second():
    assert rate(Plain(metadata=None)) is None and rate(Plain(metadata={})) is None


@pytest.mark.parametrize(
    ("dt", "fps"), [(0.04, 25), (np.float64(0.5), 2), (0.0, 24), (1, 24), (lambda: 0.1, 24), (math.nan, 24)]
)
def test_films_run_as_fast_as_the_time_step_says(dt, fps):
    assert rate(Plain(dt=dt)) == pytest.approx(fps)


@pytest.mark.parametrize(("frameskip", "fps"), [(4, 15), (1, 60), ((2, 5), 20)])  # 2, 3 or 4 frames
def test_films_of_atari_games_run_at_the_speed_of_the_game(frameskip, fps):
    assert rate(AtariEnv(_frameskip=frameskip)) == fps  # whatever render_fps says
    assert rate(TimeLimit(AtariEnv(_frameskip=frameskip), 9), action_repeat=5) == fps / 5


def test_only_atari_games_have_frames():
    assert rate(Plain(_frameskip=4)) == 24


def test_what_wrappers_skip_makes_actions_rarer():
    assert rate(MaxAndSkipObservation(TimeLimit(Plain(dt=0.01), 9), skip=5)) == pytest.approx(20)
    assert rate(MaxAndSkipObservation(MaxAndSkipObservation(Plain(), skip=2), skip=3)) == 4
    assert rate(MaxAndSkipObservation(AtariEnv(_frameskip=1), skip=4)) == 15
