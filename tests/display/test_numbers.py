from __future__ import annotations

import math

import pytest

from coral_cli.display.numbers import count, duration, number, rate, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0.00"),
        (0.52, "0.52"),
        (-3.2149, "-3.21"),
        (12.14, "12.1"),
        (431.23, "431.2"),
        (11004.4, "11,004"),
        (0.0003, "3.0e-04"),
        (2.5e9, "2.5e+09"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0042, "0.004"), (0.313, "0.31"), (4.12, "4.1"), (310.4, "310"), (12000.0, "12,000")],
)
def test_rates(value, text):
    assert rate(value) == text


@pytest.mark.parametrize(("value", "text"), [(12, "12 B"), (1.23e9, "1.2 GB"), (2133e6, "2.1 GB"), (80e9, "80 GB")])
def test_sizes(value, text):
    assert size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1, "0:00:00"), (59.6, "0:01:00"), (1870, "0:31:10"), (86399, "23:59:59"), (2 * 86400 + 11045, "2d 3:04:05")],
)
def test_durations(value, text):
    assert duration(value) == text


def test_counts_show_every_digit():
    assert count(1234567) == "1,234,567"
