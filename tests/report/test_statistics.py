from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from coral_cli.report.reading import read
from coral_cli.report.statistics import interquartile_mean, interval, last_common_step, over_runs


@pytest.mark.parametrize(
    ("values", "expected"),
    [([4], 4), ([1, 3], 2), ([0, 1, 8], 3), ([1, 2, 4, 100], 3), ([100, 3, 1, 2, -50], 2), (range(8), 3.5)],
)
def test_interquartile_mean(values, expected) -> None:
    assert interquartile_mean(np.array(values, float)) == expected


def middle(values):
    """Of four values the mean of the second and the third."""
    return sum(sorted(values)[1:3]) / 2


def test_the_interval_is_that_of_all_resamples() -> None:
    values = [0.0, 10.0, 25.0, 70.0]
    every = [middle(resample) for resample in product(values, repeat=4)]
    low, high = interval([np.array([values, [3.0] * 4]).T])
    assert (low[0], high[0]) == pytest.approx(tuple(np.percentile(every, [2.5, 97.5])))
    assert (low[1], high[1]) == (3, 3)


def test_the_interval_leaves_out_what_is_rare() -> None:
    values = [0.0, 10.0, 20.0, 30.0, 100.0]
    every = [sum(sorted(resample)[1:4]) / 3 for resample in product(values, repeat=5)]
    low, high = interval([np.array([values]).T])
    assert low.item() > 0 and high.item() < 100
    assert (low.item(), high.item()) == pytest.approx(tuple(np.percentile(every, [2.5, 97.5])), abs=4)


def test_the_interval_of_two_runs_reaches_from_one_to_the_other() -> None:
    assert [end.item() for end in interval([np.array([[0.0], [10.0]])])] == [0, 10]


def test_the_interval_of_several_tasks_is_that_of_other_runs_on_each() -> None:
    tasks = [[0.0, 10.0], [20.0, 40.0]]
    every = [middle(a + b) for a in product(tasks[0], repeat=2) for b in product(tasks[1], repeat=2)]
    low, high = interval([np.array([task]).T for task in tasks])
    assert (low.item(), high.item()) == pytest.approx(tuple(np.percentile(every, [2.5, 97.5])))


def test_runs_on_several_tasks_are_pooled_by_task(make_run) -> None:
    returns = {("a", 0): 0.0, ("a", 1): 10.0, ("b", 0): 20.0, ("b", 1): 40.0}
    runs = [
        read(make_run(f"{env}{seed}", {1: value}, components={"env": env}, seed=seed), "return")
        for (env, seed), value in returns.items()
    ]
    curve = over_runs(runs)
    low, high = interval([np.array([[0.0], [10.0]]), np.array([[20.0], [40.0]])])
    assert (curve.iqm.item(), curve.low, curve.high) == (15, low, high)
    assert np.isnan(over_runs(runs[::2]).low).all(), "one seed each"


def test_steps_between_evaluations_lie_on_the_line_and_others_are_not_known(make_run) -> None:
    runs = [
        read(make_run("a", {1000: 0.0, 3000: 20.0}, seed=0), "return"),
        read(make_run("b", {2000: 30.0, 4000: 50.0}, seed=1, pace=50), "return"),
    ]
    curve = over_runs(runs)
    assert curve.steps.tolist() == [1000, 2000, 3000, 4000]
    np.testing.assert_array_equal(curve.iqm, [np.nan, (10 + 30) / 2, (20 + 40) / 2, np.nan])
    np.testing.assert_array_equal(curve.low, [np.nan, 10, 20, np.nan])
    np.testing.assert_array_equal(curve.seconds, [np.nan, (20 + 40) / 2, (30 + 60) / 2, np.nan])
    assert last_common_step(runs) == 3000
    assert over_runs(runs, [2500]).iqm.tolist() == [(15 + 35) / 2]


def test_one_seed_says_nothing_of_others(make_run) -> None:
    curve = over_runs([read(make_run("a", {1000: 5.0}), "return")])
    assert curve.iqm.tolist() == [5]
    assert np.isnan(curve.low).all() and np.isnan(curve.high).all()


def test_runs_without_a_common_step(make_run) -> None:
    runs = [read(make_run("a", {1: 0.0}), "return"), read(make_run("b", {2: 0.0}), "return")]
    assert np.isnan(over_runs(runs).iqm).all()
