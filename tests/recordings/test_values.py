"""Whatever the layout: a picture is (H, W, C) from 0 to 255, depth (H, W, 1) in metres, a vector (D,)."""

import numpy as np
import pytest

from coral_cli.plugin import Sensor
from coral_cli.plugin_recordings import sensor_of
from coral_cli.recordings.values import value_of


@pytest.mark.parametrize(
    "shape, dtype, kind, sides",
    [
        ((48, 64, 3), "uint8", "image", (48, 64, 3)),
        ((3, 48, 64), "uint8", "image", (48, 64, 3)),
        ((48, 64), "uint8", "image", (48, 64, 1)),
        ((48, 64, 4), "uint8", "image", (48, 64, 4)),
        ((48, 64, 1), "uint16", "depth", (48, 64, 1)),
        ((1, 48, 64), "float32", "depth", (48, 64, 1)),
        ((7,), "float64", "vector", (7,)),
        ((), "int64", "vector", (1,)),
        ((3,), "bool", "vector", (3,)),
        ((4, 4), "float32", "vector", (16,)),
        ((2,), "uint8", "vector", (2,)),
    ],
)
def test_shape_and_type_tell_the_sensor(shape: tuple, dtype: str, kind: str, sides: tuple) -> None:
    assert sensor_of("it", shape, dtype) == Sensor("it", kind, sides)


@pytest.mark.parametrize(
    "shape, dtype", [((48, 64, 3), "float32"), ((5, 48, 64, 3), "uint8"), ((7,), "object"), ((0,), "float32")]
)
def test_other_values_are_no_sensor(shape: tuple, dtype: str) -> None:
    assert sensor_of("it", shape, dtype) is None


def test_channels_stand_last() -> None:
    value = np.arange(3 * 16 * 20, dtype=np.int64).reshape(3, 16, 20).astype(np.uint8)
    upright = value_of(Sensor("it", "image", (16, 20, 3)), value)
    assert upright.shape == (16, 20, 3) and upright[5, 7].tolist() == value[:, 5, 7].tolist()


def test_whole_numbers_of_depth_are_millimetres_and_others_metres() -> None:
    sensor = Sensor("it", "depth", (16, 20, 1))
    for value in (np.full((16, 20), 1500, np.uint16), np.full((1, 16, 20), 1.5, np.float64)):
        depth = value_of(sensor, value)
        assert depth.dtype == np.float32 and depth.shape == (16, 20, 1) and (depth == 1.5).all()


def test_a_value_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"uint8 \(16, 21, 3\)"):
        value_of(Sensor("it", "image", (16, 20, 3)), np.zeros((16, 21, 3), np.uint8))
