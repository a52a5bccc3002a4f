"""Curves made of letters."""

from __future__ import annotations

import pytest

from coral_cli.display.plot import Line, plot


def straight(start, end, low, high):
    """A line from one point to another, and nothing beyond them."""

    def at(place):
        share = (place - start) / (end - start) if end > start else 0.0
        return low + (high - low) * share if start <= place <= end else None

    return Line(start, end, min(low, high), max(low, high), at)


def drawn(*lines, width=20, height=7, ascii_only=True):
    return [line.plain for line in plot(lines, width, height, "steps", ascii_only)]


def test_a_rising_and_a_falling_line_cross():
    """Five rows from 4 to 0, and 13 columns: a column is a third of a row."""
    assert drawn(straight(0, 120, 0, 4), straight(0, 120, 4, 0), width=19) == [
        "4.00 |bb         aa",
        "     |  bbb   aaa",
        "2.00 |     ***",
        "     |  aaa   bbb",
        "0.00 |aa         bb",
        "     +-------------",
        "      0   120 steps",
    ]


def test_a_curve_ends_where_its_run_does_and_the_axis_with_the_longest():
    short, long = straight(0, 50, 1, 1), straight(0, 100, 0, 0)
    lines = drawn(short, long)
    assert lines[0].endswith("|aaaaaaa") and lines[-1].endswith("100 steps")
    assert drawn(None, short, long)[0].endswith("|bbbbbbb"), "the first has no curve, and keeps its letter"


def test_a_steep_curve_has_no_gaps():
    rows = drawn(Line(0, 1, 0.0, 100.0, lambda place: 0.0 if place < 0.5 else 100.0))[:5]
    assert all("a" in row for row in rows)


def test_one_evaluation_is_one_letter():
    lines = drawn(straight(70, 70, 3, 3))
    assert sum(line.count("a") for line in lines) == 1
    assert "a" in lines[2] and lines[2].startswith("3.00"), "in the middle of an axis around it"


@pytest.mark.parametrize("width", [1, 10, 15])
def test_where_there_is_no_room_nothing_is_drawn(width):
    assert drawn(straight(0, 1, 0, 1), width=width) == []


def test_where_there_is_nothing_nothing_is_drawn():
    assert drawn(None, None) == drawn() == []


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_every_row_fits(width):
    for values in ((0, 1), (-12345.6, 1e9), (0, 1e7), (1e-7, 2e-7)):
        lines = drawn(straight(0, 12_345_678, *values), width=width, ascii_only=False)
        assert max(map(len, lines), default=0) <= width
