from __future__ import annotations

import math

import pytest

from coral_cli.display.curves import Curve, sparkline


def test_a_ramp_uses_every_block():
    assert sparkline(range(8), 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([7, 0], 8) == "█▁"


def test_nothing_and_a_constant():
    assert sparkline([], 8) == ""
    assert sparkline([5.0, 5.0, 5.0], 8) == "▁▁▁"


def test_neighbours_are_averaged_to_fit():
    assert sparkline([-1, 1, 8, 6, 2, 4], 3) == "▁█▄"  # means 0, 7, 3


def test_one_outlier_does_not_flatten_the_rest():
    values = [1000.0, *range(19)]
    assert sparkline(values, 20)[1:] == sparkline([18.0, *range(19)], 20)[1:]
    assert sparkline(values, 20)[0] == "█"


def test_a_curve_leaves_out_what_is_not_finite():
    curve = Curve()
    for value in (1.0, None, math.nan, math.inf, 2.0):
        curve.add(value)
    assert curve.values == [1.0, 2.0]


@pytest.mark.parametrize("length", [511, 512, 513, 5000])
def test_a_curve_keeps_the_whole_run_in_bounded_memory(length):
    curve = Curve()
    for value in range(length):
        curve.add(float(value))
    assert len(curve.values) < Curve.LIMIT
    stride = length / len(curve.values)
    assert curve.values[0] <= stride and curve.values[-1] >= length - 2 * stride - 1
    steps = {b - a for a, b in zip(curve.values, curve.values[1:], strict=False)}
    assert len(steps) == 1, "every point is the mean of equally many values"
