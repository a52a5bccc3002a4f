"""Pictures of another size and aspect than asked for: every pixel worked out by hand."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.sensors import readers

WIDE = np.array([[0, 40, 80, 120], [20, 60, 100, 140]], np.uint8)[..., None]


@pytest.mark.parametrize(
    ("size", "how", "wanted"),
    [
        ((2, 2), "squeeze", [[20, 100], [40, 120]]),
        ((2, 2), "crop", [[40, 80], [60, 100]]),
        ((1, 1), "crop", [[70]]),  # the mean of the middle four
        ((2, 2), "pad", [[30, 110], [0, 0]]),  # one row of means; stripes are halved, an odd one is below
        ((4, 4), "pad", [[0] * 4, [0, 40, 80, 120], [20, 60, 100, 140], [0] * 4]),
        ((4, 8), "crop", [[0, 0, 40, 40, 80, 80, 120, 120]] * 2 + [[20, 20, 60, 60, 100, 100, 140, 140]] * 2),
        ((2, 1), "pad", [[70], [0]]),  # half a row of height counts as one
    ],
)
def test_pictures_are_padded_cropped_or_squeezed(size, how, wanted):
    found = Framing(size, how).picture(WIDE)
    assert found.dtype == np.uint8 and found.shape == (*size, 1)
    assert found[..., 0].tolist() == wanted


def test_a_high_picture_has_stripes_at_its_sides():
    high = WIDE.transpose(1, 0, 2)
    assert Framing((4, 4), "pad").picture(high)[..., 0].tolist() == [[0, *row, 0] for row in high[..., 0].tolist()]
    assert Framing((2, 2), "crop").picture(high)[..., 0].tolist() == [[40, 60], [80, 100]]


def test_the_right_aspect_is_left_alone():
    for how in ("pad", "crop", "squeeze"):
        assert Framing((1, 2), how).picture(WIDE)[..., 0].tolist() == [[30, 110]]
        assert np.array_equal(Framing((2, 4), how).picture(WIDE), WIDE)


def test_rows_are_reversed_and_a_half_turn_reverses_columns_too():
    assert Framing((2, 4), flip=True).picture(WIDE)[..., 0].tolist() == WIDE[::-1, :, 0].tolist()
    assert Framing((2, 4), turn=True).picture(WIDE)[..., 0].tolist() == WIDE[::-1, ::-1, 0].tolist()
    mirrored = Framing((2, 4), flip=True, turn=True).picture(WIDE)
    assert mirrored[..., 0].tolist() == WIDE[:, ::-1, 0].tolist()


def test_depth_is_that_of_a_pixel_and_zero_in_stripes():
    space = Dict(depth=Box(0, 9000, (2, 4), np.int32))
    millimetres = np.array([[1000, 2000, 3000, 4000], [5000, 6000, 7000, 8000]], np.int32)
    for how, wanted in (
        ("pad", [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8], [0] * 4]),
        ("crop", [[2, 2, 3, 3]] * 2 + [[6, 6, 7, 7]] * 2),
    ):
        found = readers(space, Framing((4, 4), how))["depth"]({"depth": millimetres})
        assert found.dtype == np.float32 and found[..., 0].round(3).tolist() == wanted
    turned = readers(space, Framing((2, 4), flip=True))["depth"]({"depth": millimetres})
    assert turned[..., 0].round(3).tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
