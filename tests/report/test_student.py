"""Student's t, against its closed forms and a printed table."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from coral_cli.report.student import below, quantile, t_interval


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0, 12.7])
def test_one_degree_is_cauchys_and_two_are_algebraic(value):
    assert below(value, 1) == pytest.approx(0.5 + math.atan(value) / math.pi, abs=1e-14)
    assert below(value, 2) == pytest.approx(0.5 + value / (2 * math.sqrt(2 + value**2)), abs=1e-14)


@pytest.mark.parametrize(
    ("freedom", "printed"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (19, 2.093), (30, 2.042), (120, 1.980)],
)
def test_the_printed_table(freedom, printed):
    assert quantile(0.975, freedom) == pytest.approx(printed, abs=5e-4)


def test_of_many_it_is_the_normal_distribution():
    normal = NormalDist().inv_cdf(0.975)
    assert quantile(0.975, 10**18) == normal
    assert quantile(0.975, 10_000) == pytest.approx(normal, abs=5e-4)


def test_the_interval_of_a_mean():
    """Of 1, 2, 3 and 6: mean 3, s^2 = 14/3, standard error sqrt(14/3)/2 = 1.0801, and 3.1824 of these."""
    low, high = t_interval(3.0, math.sqrt(14 / 3) / 2, 4)
    assert (low, high) == pytest.approx((3 - 3.4375, 3 + 3.4375), abs=1e-3)
