"""From recorded pictures to those that a model sees: sizes worked out by hand."""

from __future__ import annotations

import pytest

from coral_cli.runs.picture_size import Scaling, scaling


@pytest.mark.parametrize(
    ("stored", "recorded", "image", "margin", "view", "target"),
    [
        ((76, 76), 12, (64, 64), 12, (76, 76), (76, 76)),  # as coral records them
        ((76, 76), 12, (64, 64), 0, (64, 64), (64, 64)),  # the middle, and nothing is scaled
        ((44, 44), 12, (64, 64), 12, (44, 44), (44, 44)),  # a camera that draws less
        ((76, 76), 12, (32, 32), 0, (64, 64), (32, 32)),  # what was seen, at half its size
        ((76, 76), 12, (32, 32), 4, (72, 72), (36, 36)),  # with as much margin: 64 * 36 / 32
        ((76, 76), 0, (64, 64), 12, (76, 76), (76, 76)),  # nobody says what was a margin
        ((96, 96), 0, (64, 64), 12, (96, 96), (76, 76)),
        ((480, 640), 0, (64, 64), 12, (480, 640), (76, 76)),
        ((64, 64), 0, (64, 64), 12, (64, 64), (76, 76)),  # too small, which the target tells
        ((48, 640), 0, (64, 64), 0, (48, 640), (48, 64)),
    ],
)
def test_what_is_seen_and_how_large_it_becomes(stored, recorded, image, margin, view, target):
    assert scaling(stored, recorded, image, margin) == Scaling(view, target)
    assert scaling(stored, recorded, image, margin).scales == (view != target)


def test_how_much_is_left():
    wide = Scaling((480, 640), (64, 64))
    assert wide.seen("crop") == pytest.approx(0.75) and wide.seen("pad") == wide.seen("squeeze") == 1
    assert Scaling((96, 96), (76, 76)).seen("crop") == pytest.approx(1)
    assert Scaling((90, 30), (10, 10)).seen("crop") == pytest.approx(1 / 3)
