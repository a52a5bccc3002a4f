"""Pictures get smaller by area: each pixel is the mean of those it covers."""

import numpy as np

from coral_cli.plugin import Sensor
from coral_cli.recordings.pictures import ASIS, Sizing

EYE, FAR = Sensor("eye", "image", (4, 8, 3)), Sensor("far", "depth", (4, 8, 1))


def test_a_pixel_is_the_mean_of_those_it_covers() -> None:
    value = np.random.default_rng(0).integers(256, size=(4, 8, 3), dtype=np.uint8)
    small = Sizing((2, 4))(EYE, value)
    assert small.shape == (2, 4, 3)
    assert np.abs(small - value.reshape(2, 2, 4, 2, 3).mean((1, 3))).max() <= 1  # rounded along each axis


def test_the_middle_is_taken_of_another_shape_where_that_is_asked_for() -> None:
    value = np.zeros((4, 8, 3), np.uint8)
    value[:, 2:6] = 200
    assert (Sizing((2, 2), "crop")(EYE, value) == 200).all()
    assert Sizing((2, 2))(EYE, value)[..., 0].tolist() == [[100, 100], [0, 0]]  # all of it, above a black bar


def test_or_black_bars_are_added() -> None:
    padded = Sizing((4, 4), "pad")(EYE, np.full((4, 8, 3), 200, np.uint8))
    assert padded[:, 0, 0].tolist() == [0, 200, 200, 0] and padded.shape == (4, 4, 3)


def test_or_it_is_distorted() -> None:
    value = np.repeat(np.arange(8, dtype=np.uint8)[None, :, None] * 10, 4, 0).repeat(3, 2)
    assert Sizing((4, 4), "squeeze")(EYE, value)[0, :, 0].tolist() == [5, 25, 45, 65]


def test_depth_has_no_values_in_between() -> None:
    value = np.where(np.arange(8)[None, :, None] < 3, 1.0, 9.0).repeat(4, 0).astype(np.float32)
    assert set(Sizing((2, 4))(FAR, value).ravel().tolist()) == {1.0, 9.0}


def test_vectors_stay_as_they_are_and_so_does_everything_without_a_size() -> None:
    value = np.zeros((4, 8, 3), np.uint8)
    assert ASIS(EYE, value) is value and ASIS.sensor(EYE) is EYE and not ASIS.distorts(EYE)
    assert Sizing((2, 2)).sensor(Sensor("hand", "vector", (2,))).shape == (2,)
    assert Sizing((2, 2)).sensor(EYE).shape == (2, 2, 3)
    assert Sizing((2, 2)).distorts(EYE) and not Sizing((2, 4)).distorts(EYE)
