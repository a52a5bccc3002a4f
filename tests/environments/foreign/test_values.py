"""What the sensors of a foreign environment show, and what is refused because it is not of its space."""

import re

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from coral_cli.environments.foreign.adapter import Foreign
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError


@pytest.fixture
def show(toys):
    """What an environment with one observation becomes: all sensors at its first step, and the adapted environment."""

    def shown(space, value, rendering=None):
        env = Foreign("toy", toys.Observing(space, value), ForeignOptions(), rendering or Rendering(2, 2), draws=False)
        return env.reset(seed=0)[0], env

    return shown


PICTURE = np.array([[[0, 51, 255]] * 2] * 2)  # (2, 2, 3)

SHOWN = [
    (Box(0, 255, (2, 2, 3), np.uint8), PICTURE.astype(np.uint8), PICTURE),
    (Box(0, 255, (2, 2, 3), np.uint8), PICTURE, PICTURE),  # whole numbers that a byte holds
    (Box(0, 255, (2, 2, 3), np.float32), PICTURE + 0.3, PICTURE),
    (Box(0, 255, (2, 2, 3), np.float64), PICTURE.astype(np.uint8), PICTURE),
    (Box(0, 255, (2, 2, 3), np.int32), PICTURE, PICTURE),
    (Box(0, 1, (2, 2, 3), np.float32), PICTURE / 255, PICTURE),
    (Box(0, 1, (2, 2, 3), np.uint8), PICTURE.astype(np.uint8) // 255, PICTURE // 255 * 255),
    (Box(0, 1, (2, 2, 3), np.uint8), PICTURE > 60, (PICTURE > 60) * 255),
    (Box(0, 255, (3, 2, 2), np.uint8), PICTURE.transpose(2, 0, 1).astype(np.uint8), PICTURE),
]


@pytest.mark.parametrize(("space", "given", "expected"), SHOWN)
def test_a_picture_is_shown_from_black_to_white(show, space, given, expected) -> None:
    seen, env = show(space, given)
    assert seen["image"].dtype == np.uint8 and seen["image"].tolist() == expected.tolist()
    assert seen in env.observation_space


def numbered(*shape):
    return np.random.default_rng(3).integers(0, 256, shape, np.uint8)


STACKS = [  # the value (shape), and which axes become rows, columns, then channels
    ((3, 40, 50, 3), (1, 2, 0, 3), 3),
    ((2, 40, 50, 1), (1, 2, 0, 3), 1),
    ((3, 4, 40, 50), (2, 3, 0, 1), 4),
    ((5, 40, 50), (1, 2, 0), 1),
    ((40, 50, 6), (0, 1, 2), 1),
    ((2, 40, 50), (1, 2, 0), 1),
    ((40, 50), (0, 1), 1),
]


@pytest.mark.parametrize(("shape", "order", "channels"), STACKS)
def test_stacked_pictures_become_channels_the_newest_last(show, shape, order, channels) -> None:
    value = numbered(*shape)
    seen, env = show(Box(0, 255, shape, np.uint8), value, Rendering(40, 50))
    expected = np.transpose(value, order).reshape(40, 50, -1)
    np.testing.assert_array_equal(seen["image"], expected)
    assert env.kinds == {"image": "image"} and env.observation_space["image"].shape == expected.shape
    newest = expected[..., -channels:]
    grey = np.repeat(newest, 3, 2) if channels == 1 else newest[..., :3]
    np.testing.assert_array_equal(env.render(), grey)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (1, 4, 6)])
def test_depth_in_whole_numbers_is_in_millimetres(show, shape) -> None:
    value = (1000 + 250 * np.arange(24, dtype=np.uint16)).reshape(shape)
    seen, env = show(Dict(depth=Box(0, 65535, shape, np.uint16)), {"depth": value}, Rendering(4, 6))
    assert env.kinds == {"depth": "depth"}
    assert seen["depth"][..., 0] == pytest.approx(np.linspace(1, 6.75, 24).reshape(4, 6))


@pytest.mark.parametrize(
    ("space", "shape"),
    [
        (Box(0, 65535, (120, 160), np.uint16), r"uint16 \(120, 160\)"),
        (Box(-1, 1, (64, 64, 3), np.float32), r"float32 \(64, 64, 3\)"),
        (Box(0, 255, (20, 64, 64, 3), np.uint8), r"uint8 \(20, 64, 64, 3\)"),
        (MultiDiscrete([50] * 50), "2500 numbers"),
    ],
)
def test_what_is_neither_picture_nor_vector_is_refused(show, space, shape) -> None:
    with pytest.raises(UsageError, match=shape):
        show(space, space.sample())


def test_a_long_vector_is_a_vector(show) -> None:
    seen, _ = show(Box(0, 255, (5000,), np.uint8), numbered(5000))
    np.testing.assert_array_equal(seen["proprio"], numbered(5000))


TAKEN = [
    (Box(0, 100, (2,), np.int32), np.array([1.0, 38.0]), [1, 38]),  # whole, whatever their type
    (Box(-5, 5, (2,), np.float32), [-14.9, 5.1], [-14.9, 5.1]),  # a spring swings beyond its bounds
    (Box(0, np.inf, (2,), np.float32), [-1e4, 1e4], [-1e4, 1e4]),  # no width, no measure
    (Box(np.array([0, -np.inf]), np.array([1, 1]), dtype=np.float64), [0.5, -1e30], [0.5, -1e30]),
    (Discrete(3, start=1), np.array([2]), [0, 1, 0]),
    (MultiDiscrete([2, 2]), [1, 0], [0, 1, 1, 0]),
    (MultiBinary(2), np.array([True, False]), [1, 0]),
]


@pytest.mark.parametrize(("space", "given", "expected"), TAKEN)
def test_numbers_of_their_space_are_taken(show, space, given, expected) -> None:
    assert show(space, given)[0]["proprio"] == pytest.approx(np.array(expected, np.float32))


REFUSED = [
    (Box(0, 100, (2,), np.int32), np.array([0.7, 38.9]), "0.7, but its space says whole numbers (int32)"),
    (Box(0, 255, (2,), np.uint8), np.array([300, -1]), "300, but its space says 0 to 255"),
    (Box(0, 100, (2,), np.int32), np.array([5, 101]), "101, but its space says 0 to 100"),
    (Box(-5, 5, (2,), np.float32), np.array([0, 1e4]), "10000, but its space says -5 to 5"),
    (Box(np.array([-5, 0]), np.array([5, 1]), dtype=np.float64), [9, 4], "4, but its space says 0 to 1"),
    (Box(-1, 1, (1,), np.float32), ["0.5"], "text, but"),
    (Box(-1, 1, (1,), np.float32), np.array([1j]), "complex numbers, but"),
    (Box(-1, 1, (1,), np.float32), None, "None, but"),
    (Box(-1, 1, (1,), np.float32), {"a": 1}, "a dict, but"),
    (Box(-1, 1, (2,), np.float32), [[1], [2, 3]], "a list that is no array"),
    (Discrete(3), 3, "3, but its space says 0 to 2"),
    (Discrete(3), -1, "-1, but its space says 0 to 2"),
    (MultiDiscrete([2, 3]), [2, 0], "2, but its space says 0 to 1"),
    (MultiBinary(2), [0, 2], "2, but its space says 0 to 1"),
    (Box(0, 1, (2, 2, 3), np.float32), np.full((2, 2, 3), 200.0), "200, but its space says 0 to 1"),
    (Box(0, 1, (2, 2, 3), np.float32), np.full((2, 2, 3), -1.0), "-1, but its space says 0 to 1"),
    (Box(0, 1, (2, 2, 3), np.float32), np.full((2, 2, 3), np.nan), "nan, but its space says 0 to 1"),
    (Box(0, 255, (2, 2, 3), np.float32), np.full((2, 2, 3), np.nan), "nan, but its space says 0 to 255"),
    (Box(0, 1, (2, 2, 3), np.uint8), np.full((2, 2, 3), 2, np.uint8), "2, but its space says 0 to 1"),
    (Box(0, 255, (2, 2, 3), np.uint8), np.full((2, 2, 3), 256), "256, but its space says 0 to 255"),
    (Dict(depth=Box(0, 9, (2, 2), np.float32)), {"depth": np.full((2, 2), np.nan)}, "nan, but its space says 0 to 9"),
    (Dict(depth=Box(0, 9, (2, 2), np.float32)), {"depth": np.full((2, 2), -1.0)}, "-1, but its space says 0 to 9"),
    (Dict(tip=Box(0, 9, (2,), np.float32)), {"top": np.zeros(2)}, "nothing, for the observation has no 'tip'"),
    (Dict(tip=Box(0, 9, (2,), np.float32)), None, "nothing, for the observation has no 'tip'"),
]


@pytest.mark.parametrize(("space", "given", "said"), REFUSED)
def test_what_is_not_of_its_space_is_refused_with_sensor_and_step(show, space, given, said) -> None:
    sensor = next(iter(space)) if isinstance(space, Dict) else "image" if len(space.shape or ()) == 3 else "proprio"
    with pytest.raises(CoralError, match=f"^at step 0 of an episode, sensor '{sensor}' of toy gave {re.escape(said)}"):
        show(space, given)


def test_no_number_in_a_vector_is_told_by_who_records_it(show) -> None:
    """A missing sensor may hold anything, and only whoever reads ``info`` knows that it is."""
    assert np.isnan(show(Box(-1, 1, (1,), np.float32), [np.nan])[0]["proprio"])
