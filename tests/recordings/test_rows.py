"""Rows are (o_t, a_{t-1}, r_{t-1}, terminated_t), one more than there are actions."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from coral_cli.plugin import RecordedEpisode, Sensor, UnreadableError
from coral_cli.recordings.actions import Scaling
from coral_cli.recordings.pictures import ASIS, Sizing
from coral_cli.recordings.rows import Taken, require_whole, rows_of

EYE, HAND = Sensor("cam/rgb", "image", (16, 16, 1)), Sensor("state", "vector", (1,))
TAKEN = Taken({"eye": EYE, "hand": HAND}, ASIS, Scaling("flags", (np.array([0.0]), np.array([4.0]))), rewarded=True)


def episode(seen: int, **given) -> RecordedEpisode:
    """Three actions, and ``seen`` observations."""
    observations = {
        "cam/rgb": (np.full((16, 16), 7 * step, np.uint8) for step in range(seen)),
        "state": np.arange(seen, dtype=np.float64),
    }
    actions, ends = np.array([[0.0], [2.0], [3.0]]), np.array([False, False, True])
    return replace(RecordedEpisode(observations, actions, np.array([0.5, 0.25, 1.0]), ends), **given)


def test_four_observations_of_three_actions_are_four_rows() -> None:
    arrays = rows_of(episode(4), TAKEN, "it")
    assert arrays["hand"].tolist() == [[0], [1], [2], [3]] and arrays["hand"].dtype == np.float32
    assert arrays["eye"].shape == (4, 16, 16, 1) and arrays["eye"][:, 0, 0, 0].tolist() == [0, 7, 14, 21]
    assert arrays["action"].tolist() == [[0], [-1], [0], [0.5]]
    assert arrays["reward"].tolist() == [0, 0.5, 0.25, 1]
    assert arrays["terminated"].tolist() == [False, False, False, True]
    assert not arrays["missing"].any() and arrays["missing"].shape == (4, 2)


def test_where_nothing_was_seen_at_the_end_every_sensor_is_missing_there() -> None:
    arrays = rows_of(episode(3), TAKEN, "it")
    assert arrays["missing"].tolist() == [[False] * 2] * 3 + [[True] * 2]
    assert arrays["hand"].tolist() == [[0], [1], [2], [0]] and not arrays["eye"][3].any()
    assert (arrays["action"][3], arrays["reward"][3], arrays["terminated"][3]) == (0.5, 1, True)


def test_an_end_in_the_middle_is_none() -> None:
    arrays = rows_of(episode(4, terminated=np.array([True, False, False])), TAKEN, "it")
    assert not arrays["terminated"].any()


def test_without_rewards_there_are_none() -> None:
    assert "reward" not in rows_of(episode(4, rewards=None), replace(TAKEN, rewarded=False), "it")


def test_pictures_get_their_size_one_by_one() -> None:
    arrays = rows_of(episode(4), replace(TAKEN, sizing=Sizing((4, 8), "crop")), "it")
    assert arrays["eye"].shape == (4, 4, 8, 1) and arrays["eye"][2].tolist() == np.full((4, 8, 1), 14).tolist()


@pytest.mark.parametrize("more", [0, 1])
def test_pictures_are_held_once(more: int) -> None:
    """However many there are, whether the last one was seen or not: another copy would take as much again."""
    eye, steps = Sensor("cam/rgb", "image", (64, 64, 3)), 400
    frames = (np.full((64, 64, 3), step % 200, np.uint8) for step in range(steps + more))
    long = RecordedEpisode({"cam/rgb": frames}, np.zeros((steps, 1)), None, np.zeros(steps, bool))
    tracemalloc.start()
    arrays = rows_of(long, replace(TAKEN, sensors={"eye": eye}, rewarded=False), "it")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * arrays["eye"].nbytes and arrays["eye"][150, 0, 0, 0] == 150


@pytest.mark.parametrize("seen, told", [(2, "2 observations for 3 actions"), (6, "more than 4 observations")])
def test_another_number_of_observations_is_refused(seen: int, told: str) -> None:
    with pytest.raises(UnreadableError, match=f"cam/rgb in episode 5 has {told}"):
        rows_of(episode(seen), TAKEN, "episode 5")


@pytest.mark.parametrize(
    "given, told",
    [
        ({"actions": np.zeros((0, 1))}, "no action"),
        ({"actions": np.zeros((3, 2))}, "actions of shape"),
        ({"rewards": np.zeros(2)}, "3 actions, but rewards of shape"),
        ({"terminated": np.zeros(4, bool)}, "3 actions, but ends of shape"),
        ({"actions": np.array([[0.0], [np.nan], [0.0]])}, "an action that is not finite"),
        ({"rewards": np.array([0.0, np.inf, 0.0])}, "a reward that is not finite"),
    ],
)
def test_an_episode_that_is_not_whole_is_refused(given: dict, told: str) -> None:
    with pytest.raises(UnreadableError, match=told):
        require_whole(episode(4, **given), 1, "it")


def test_values_of_another_form_or_not_finite_are_refused() -> None:
    state = np.array([[1.0], [np.nan], [1.0], [1.0]])
    with pytest.raises(UnreadableError, match="state in it has values that are not finite"):
        rows_of(episode(4, observations={**episode(4).observations, "state": state}), TAKEN, "it")
    with pytest.raises(UnreadableError, match=r"state in it should be vector \(1,\), but a value is float64 \(2,\)"):
        rows_of(episode(4, observations={**episode(4).observations, "state": np.zeros((4, 2))}), TAKEN, "it")
