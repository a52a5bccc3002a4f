"""Pictures made smaller: the mean of what a pixel covers, with the shape kept or not."""

from __future__ import annotations

import numpy as np
import pytest

from coral_cli.environments.fitting import fitted


def wide():
    """(1, 2, 8, 1): two rows of 0, 10, ..., 70 and 2, 12, ..., 72."""
    row = np.arange(8, dtype=np.uint8) * 10
    return np.stack([row, row + 2])[None, :, :, None]


def test_the_middle_is_taken():
    pictures = np.concatenate([wide(), wide() + 100])  # (2, 2, 8, 1) to 1x2: 2x4 in the middle, in blocks of 2x2
    assert fitted(pictures, (1, 2), "crop").squeeze().tolist() == [[26, 46], [126, 146]]


def test_black_bars_keep_all_of_it():
    small = fitted(wide(), (4, 4), "pad")[0, ..., 0]  # 2x8 becomes 1x4, between a bar of 1 and one of 2
    assert small.tolist() == [[0] * 4, [6, 26, 46, 66], [0] * 4, [0] * 4]


def test_squeezing_takes_each_axis_by_itself():
    assert fitted(wide(), (2, 2), "squeeze")[0, ..., 0].tolist() == [[15, 55], [17, 57]]


@pytest.mark.parametrize("channels", [1, 3, 4, 9])
def test_every_channel_is_its_own(channels):
    random = np.random.default_rng(0).integers(256, size=(3, 12, 8, channels), dtype=np.uint8)
    means = random.reshape(3, 4, 3, 4, 2, channels).mean((2, 4))
    assert np.abs(fitted(random, (4, 4), "squeeze") - means).max() < 1  # each axis is rounded by itself


def test_depth_is_that_of_a_pixel():
    depth = np.random.default_rng(0).uniform(0, 4, (2, 9, 9, 1))
    near = fitted(depth, (3, 3), "crop")
    assert np.isin(near.astype(np.float32), depth.astype(np.float32)).all()
    np.testing.assert_allclose(near, depth[:, 1::3, 1::3], rtol=1e-6)


def test_pictures_of_the_right_size_are_as_they_are():
    assert fitted(wide(), (2, 8), "crop") is not None and (fitted(wide(), (2, 8), "crop") == wide()).all()
