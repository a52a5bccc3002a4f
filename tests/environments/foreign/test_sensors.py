"""Which sensors a foreign environment has, and what they show."""

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.environments.foreign.sensors import readers
from coral_cli.plugin import Rendering

from .made import adapted, build


def test_a_callable_that_draws_has_an_image_of_the_size_asked_for():
    record = resolve_foreign("foreign_toys:Drawing")
    assert (record.suite, record.action_size) == ("python", 2)
    assert record.sensors == {"image": "image", "proprio": "vector"} and record.no_image == ("", "")
    env = record.build(ForeignOptions(fit="squeeze"), Rendering(31, 20))
    observation, _ = env.reset(seed=0)
    image = observation["image"]
    assert image.shape == env.observation_space["image"].shape == (31, 20, 3) and image.dtype == np.uint8
    assert image[:, 0, 0].tolist() == [8 * row for row in range(31)]
    assert image[0, :, 1].tolist() == [12 * column + 3 for column in range(20)]  # the mean of two neighbours
    outside = env.render()
    assert outside.shape == (30, 40, 3) and outside.dtype == np.uint8  # even sides
    assert outside[2, :, 1].tolist() == [6 * column for column in range(40)]
    assert env.step(np.zeros(2, np.float32))[0]["image"][0, 0, 2] == 1


def test_what_is_rendered_is_padded_and_the_right_way_up():
    env = resolve_foreign("foreign_toys:Drawing").build(ForeignOptions(turn=True), Rendering(40, 40))
    image = env.reset(seed=0)[0]["image"]
    assert not image[:4].any() and not image[35:].any()  # 31 rows in the middle of 40
    assert image[4:35, 0, 0].tolist() == [8 * row for row in reversed(range(31))]
    assert image[4, :, 1].tolist() == [6 * column for column in reversed(range(40))]
    assert env.render()[0, :, 1].tolist() == image[4, :, 1].tolist()  # films, too


def test_a_picture_that_is_observed_is_preferred_to_what_is_rendered(toys):
    raw = toys.Drawing("rgb_array")
    raw.observation_space = Box(0, 255, (4, 4, 3), np.uint8)
    raw._seen = lambda: np.full((4, 4, 3), 9, np.uint8)
    env = adapted(raw, rendering=Rendering(4, 4), flip=True)
    assert env.kinds == {"image": "image"}
    assert (env.reset(seed=0)[0]["image"] == 9).all()
    assert env.render()[0, 0, 0] == 0 and env.render()[29, 0, 0] == 8 * 29  # as it is rendered, for films


def test_nested_observations_become_named_sensors():
    record = resolve_foreign("foreign_toys:make_cameras")
    assert record.action_size == 4
    assert record.sensors == {
        "front_camera": "image",
        "reward_2": "vector",  # a recorded step has a reward already
        "front_camera_2": "image",
        "robot-depth": "depth",
        "robot-joints": "vector",
        "robot-mode": "vector",
        "robot-stacked": "image",
    }
    env = build("foreign_toys:make_cameras", Rendering(2, 2), fit="squeeze")
    seen, _ = env.reset(seed=0)
    assert seen in env.observation_space
    block = np.arange(72).reshape(2, 2, 2, 3, 3).mean((1, 3))  # each pixel is the mean of 2x3
    assert np.abs(seen["front_camera"] - block).max() <= 0.5
    assert seen["front_camera_2"][..., 0].tolist() == [[0, 255], [128, 76]]  # 127.5 to the even number, 76.5 as well
    assert seen["robot-depth"][..., 0].tolist() == [[5, 7], [13, 15]] and seen["robot-depth"].dtype == np.float32
    assert seen["robot-joints"].tolist() == [1, 2, 3, pytest.approx(4.1)]
    assert seen["robot-mode"].tolist() == [0, 1, 0]  # modes 1, 2, 3
    assert seen["robot-stacked"][1, 0].tolist() == [2, 6, 10, 14]  # channels first
    assert seen["reward_2"].tolist() == [1, 0]
    assert env.step(np.array([0, 0, 0.5, 0], np.float32))[1] == 0.5  # the action has its shape again


def test_a_single_picture_is_the_image_and_the_outside_view():
    assert resolve_foreign("foreign_toys:make_picture").sensors == {"image": "image"}
    env = build("foreign_toys:make_picture", Rendering(5, 4))
    assert env.reset()[0]["image"].shape == (5, 4, 1)
    frame = env.render()
    assert frame.shape == (4, 4, 3) and (frame == 9).all()


def test_what_shows_nothing_is_black():
    assert resolve_foreign("foreign_toys:make_blind").sensors == {"proprio": "vector"}
    env = build("foreign_toys:make_blind", Rendering(4, 6))
    env.reset()
    assert env.render().shape == (4, 6, 3) and not env.render().any()


def test_observations_are_copies(toys):
    env = build("foreign_toys:make_cameras", Rendering(4, 6))
    seen, _ = env.reset()
    before = pickle.dumps(toys.SEEN)
    for value in seen.values():
        value[...] = 0
    assert pickle.dumps(toys.SEEN) == before


def test_a_hidden_state_is_told_where_there_is_one(toys):
    env = toys.Drawing()
    env.hidden_state = lambda: {"pole": np.ones(2)}
    assert adapted(gymnasium.Wrapper(env)).hidden_state()["pole"].tolist() == [1, 1]
    assert not adapted(toys.Drawing()).has_wrapper_attr("hidden_state")


def test_depth_without_end_is_far():
    space = Dict(depth=Box(0, np.inf, (1, 2), np.float64))
    depth = readers(space, Framing((1, 2)))["depth"]({"depth": np.array([[np.inf, 2]])})
    assert depth[..., 0].tolist() == [[np.finfo(np.float32).max, 2]]


def test_a_picture_that_leaves_its_bounds_a_little_stays_as_bright(toys):
    """1.005 * 255 in a byte would be 0."""
    value = np.array([1.005, 0.5, -0.01] * 6, np.float32).reshape(2, 3, 3)
    observation, _ = adapted(toys.Observing(Box(0, 1, (2, 3, 3), np.float32), value), draws=False).reset()
    assert observation["image"].reshape(-1, 3).tolist() == [[255, 128, 0]] * 6


@pytest.mark.parametrize("missing", ["Front Camera", ("Front Camera",), ["front_camera"], {"Front Camera", "other"}])
def test_a_sensor_is_missing_by_either_name(toys, missing):
    given = {key: value for key, value in toys.SEEN.items() if key != "Front Camera"}
    env = adapted(toys.Observing(toys.CAMERAS, given, {"missing": missing}), draws=False)
    seen, info = env.reset()
    assert info == {"missing": ("front_camera",)} and not seen["front_camera"].any() and seen["robot-joints"].all()
