"""Pictures in a terminal: colours worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from coral_cli.display.blocks import can_show, rows


def colours(text):
    """The upper and the lower colour of each character; None is a gap."""
    found = [None] * len(text)
    for span in text.spans:
        found[span.start] = (tuple(span.style.color.triplet), tuple(span.style.bgcolor.triplet))
    return found


def test_each_character_is_two_pixels():
    picture = np.zeros((4, 2, 3), np.uint8)
    picture[0], picture[1], picture[2, 0], picture[3, 1] = 10, 30, (1, 2, 3), (4, 5, 6)
    first, second = rows([picture], 2)  # 2 columns, 4 rows: nothing is scaled
    assert colours(first) == [((10, 10, 10), (30, 30, 30))] * 2
    assert colours(second) == [((1, 2, 3), (0, 0, 0)), ((0, 0, 0), (4, 5, 6))]


def test_large_pictures_become_means():
    picture = np.arange(4, dtype=np.uint8).repeat(4).reshape(4, 4, 1).repeat(3, 2) * 10
    (line,) = rows([picture], 2)  # 2x2: means of 0 and 10, of 20 and 30
    assert colours(line) == [((5, 5, 5), (25, 25, 25))] * 2


@pytest.mark.parametrize(("width", "shown"), [(10, 1), (24, 1), (48, 1), (49, 2), (80, 3), (500, 5)])
def test_as_many_as_fit_from_the_first_to_the_last(width, shown):
    pictures = [np.full((96, 96, 3), index, np.uint8) for index in range(5)]
    lines = [*rows(pictures, width)]
    assert len(lines) == min(width, 24) // 2 and all(len(line) <= width for line in lines)
    seen = dict.fromkeys(pair[0][0] for pair in colours(lines[0]) if pair)
    assert len(seen) == shown and (shown == 1 or list(seen)[-1] == 4)


def test_wide_small_and_odd_pictures():
    for height, width in ((1, 1), (3, 50), (50, 3), (7, 5)):
        lines = [*rows([np.full((height, width, 3), 9, np.uint8)], 80)]
        assert lines and all(pair == ((9, 9, 9), (9, 9, 9)) for line in lines for pair in colours(line))


def test_colours_are_needed():
    def console(**options):
        return Console(file=io.StringIO(), **options)

    assert can_show(console(force_terminal=True, color_system="truecolor"))
    assert not can_show(console(force_terminal=True, color_system="standard"))
    assert not can_show(console(force_terminal=False))
