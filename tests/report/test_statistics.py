from __future__ import annotations

import tracemalloc
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


def ends(every):
    """Of all resamples' means those with 2.5 % and 97.5 % up to them."""
    return tuple(np.percentile(every, [2.5, 97.5], method="inverted_cdf"))


def test_the_interval_is_that_of_all_resamples() -> None:
    values = [0.0, 10.0, 25.0, 70.0]
    every = [middle(resample) for resample in product(values, repeat=4)]
    low, high = interval([np.array([values, [3.0] * 4]).T])
    assert (low[0], high[0]) == pytest.approx(ends(every))
    assert (low[1], high[1]) == (3, 3)


def test_the_interval_leaves_out_what_is_rare() -> None:
    values = [0.0, 10.0, 20.0, 30.0, 100.0]
    every = [sum(sorted(resample)[1:4]) / 3 for resample in product(values, repeat=5)]
    low, high = interval([np.array([values]).T])
    assert low.item() > 0 and high.item() < 100
    assert (low.item(), high.item()) == pytest.approx(ends(every))


def test_the_interval_of_two_runs_reaches_from_one_to_the_other() -> None:
    assert [end.item() for end in interval([np.array([[0.0], [10.0]])])] == [0, 10]


def test_the_interval_of_several_tasks_is_that_of_other_runs_on_each() -> None:
    tasks = [[0.0, 10.0], [20.0, 40.0]]
    every = [middle(a + b) for a in product(tasks[0], repeat=2) for b in product(tasks[1], repeat=2)]
    low, high = interval([np.array([task]).T for task in tasks])
    assert (low.item(), high.item()) == pytest.approx(ends(every))


def test_the_interval_of_many_runs_is_that_of_random_resamples() -> None:
    """Of 11 runs 352,716 resamples are different. Here they are drawn run by run, and sorted."""
    values = np.random.default_rng(1).normal(500, 100, 11)
    resamples = np.sort(np.random.default_rng(2).choice(values, (200_000, 11)))
    expected = np.quantile(resamples[:, 2:-2].mean(1), [0.025, 0.975])
    low, high = interval([values[:, None]])
    assert (low.item(), high.item()) == pytest.approx(tuple(expected), abs=0.01 * np.ptp(expected))


def seven_tasks():
    """Returns of five runs on each of seven tasks, at 20 steps."""
    random = np.random.default_rng(0)
    levels, spreads = random.uniform(100, 900, 7), random.uniform(10, 80, 7)
    return [random.normal(level, spread, (5, 20)) for level, spread in zip(levels, spreads, strict=True)]


def test_other_resamples_move_the_interval_by_less_than_a_hundredth() -> None:
    """In 95 of 100 cases at least; of 2,000 resamples the ends move by 4 % of the interval's width then."""
    (low, high), (other_low, other_high) = (interval(seven_tasks(), seed) for seed in (0, 1))
    moved = np.abs([other_low - low, other_high - high]) / (high - low)
    assert 0 < np.quantile(moved, 0.95) < 0.01


def test_nothing_is_random_where_all_resamples_are_looked_at() -> None:
    """Those of five runs, as the paper has them, or of ten."""
    for runs in (5, 10):
        values = [np.random.default_rng(0).normal(size=(runs, 3))]
        np.testing.assert_array_equal(interval(values, 0), interval(values, 1))


def test_resamples_take_little_memory() -> None:
    """All values of all of them at once would be 560 MB."""
    tracemalloc.start()
    interval(seven_tasks())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50e6


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


def test_over_time_runs_are_pooled_where_they_were_at_the_same_time(make_run) -> None:
    """After 15 s the first, of 100 steps a second, is at step 1500; the second, half as quick, at step 750."""
    runs = [
        read(make_run("a", {1000: 0.0, 3000: 20.0}, seed=0), "return"),
        read(make_run("b", {500: 30.0, 1000: 50.0}, seed=1, pace=50), "return"),
    ]
    curve = over_runs(runs, [5.0, 15.0, 25.0], over="time")
    np.testing.assert_array_equal(curve.seconds, [5, 15, 25])
    np.testing.assert_array_equal(curve.steps, [np.nan, (1500 + 750) / 2, np.nan])
    np.testing.assert_array_equal(curve.iqm, [np.nan, (5 + 40) / 2, np.nan])
    assert (curve.low[1], curve.high[1]) == (5, 40)
    assert over_runs(runs, over="time").seconds.tolist() == [10, 20, 30]


def test_one_seed_says_nothing_of_others(make_run) -> None:
    curve = over_runs([read(make_run("a", {1000: 5.0}), "return")])
    assert curve.iqm.tolist() == [5]
    assert np.isnan(curve.low).all() and np.isnan(curve.high).all()


def test_runs_without_a_common_step(make_run) -> None:
    runs = [read(make_run("a", {1: 0.0}), "return"), read(make_run("b", {2: 0.0}), "return")]
    assert np.isnan(over_runs(runs).iqm).all()
