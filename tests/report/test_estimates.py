"""Estimates over episodes, held against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from coral_cli.report.estimates import Cell, Estimate, change, mean_of, share_of
from coral_cli.report.statistics import mean_interval


def test_the_mean_of_two() -> None:
    """Of the four resamples of two values, one is the lower twice and one the higher twice: both ends."""
    assert mean_of([1.0, 4.0]) == Estimate(2.5, 1.0, 4.0)


def test_one_episode_says_nothing_of_others() -> None:
    assert mean_of([3.0]) == Estimate(3.0, None, None)
    assert share_of([1.0]) == Estimate(1.0, None, None)


def test_the_interval_of_a_mean_over_all_resamples() -> None:
    """Three values have 27 resamples, listed here one by one."""
    values = [0.0, 3.0, 30.0]
    means = sorted(np.mean([a, b, c]) for a in values for b in values for c in values)
    assert mean_interval(values) == (means[int(0.025 * 27)], means[int(0.975 * 27)]) == (0.0, 30.0)
    four = sorted(np.mean([a, b, c, d]) for a in range(4) for b in range(4) for c in range(4) for d in range(4))
    assert mean_interval([0, 1, 2, 3]) == (four[int(0.025 * 256)], four[int(0.975 * 256)])


def test_the_interval_of_many_is_close_to_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(10, 4, 400)
    estimate = mean_of(values.tolist())
    half = 1.96 * values.std() / 20
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.05)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.05)


def test_a_share_has_wilsons_interval() -> None:
    """Its ends are the shares p from which the observed one is 1.96 of their standard errors away."""
    z = 1.959963984540054
    for ones, count in ((0, 20), (7, 20), (20, 20), (1, 3)):
        estimate = share_of([1.0] * ones + [0.0] * (count - ones))
        assert estimate.value == ones / count
        for end in (estimate.low, estimate.high):
            assert (ones / count - end) ** 2 == pytest.approx(z * z * end * (1 - end) / count, abs=1e-12)
    assert share_of([1.0] * 20).low == pytest.approx(20 / (20 + z * z))


def test_a_share_of_other_numbers_is_a_mean() -> None:
    assert share_of([0.5, 1.0]) == mean_of([0.5, 1.0])


def cell(*returns: float) -> Cell:
    return Cell(returns, (), {})


def test_a_change_pairs_episodes() -> None:
    """The mean falls from 50 to 40, by 10 in every episode, however different these are."""
    known = change(cell(0, 90, 30), cell(10, 100, 40))
    assert known.difference == Estimate(-10, -10, -10)
    assert known.kept == pytest.approx(40 / 50)


@pytest.mark.parametrize(("here", "there"), [((-1, 5), (3, 5)), ((1, 5), (-3, 5)), ((1, 5), (0, 0))])
def test_no_share_is_kept_of_what_may_be_negative_or_nothing(here: tuple, there: tuple) -> None:
    assert change(cell(*here), cell(*there)).kept is None


def test_success_is_told_where_there_is_any() -> None:
    assert cell(1, 2).success is None
    assert Cell([1, 2], [0, 1], {}).success == share_of([0, 1])
