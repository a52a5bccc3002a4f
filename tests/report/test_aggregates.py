"""Means, optimality gaps, profiles and improvement, against the definitions of Agarwal et al. (2021) in plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from coral_cli.report.aggregates import complement, improvement, mean, optimality_gap, profile, thresholds

OURS = [np.array([0.2, 0.5, 0.9]), np.array([0.4, 1.3])]
THEIRS = [np.array([0.5, 0.1]), np.array([1.3, 0.3, 0.8])]
"""Two tasks: runs of two agents, more of the one here and of the other there."""


def every_resample(tasks):
    """All ways to draw as many runs of each task, with replacement."""
    return itertools.product(*(itertools.product(task, repeat=len(task)) for task in tasks))


def ends(values):
    return tuple(np.percentile(list(values), [2.5, 97.5], method="inverted_cdf"))


def mean_of(tasks):
    total = 0.0
    for task in tasks:
        of_task = 0.0
        for score in task:
            of_task += score
        total += of_task / len(task)
    return total / len(tasks)


def gap_of(tasks):
    total = 0.0
    for task in tasks:
        of_task = 0.0
        for score in task:
            of_task += min(score, 1.0)
        total += of_task / len(task)
    return 1.0 - total / len(tasks)


def share_above(tasks, threshold):
    total = 0.0
    for task in tasks:
        above = 0
        for score in task:
            above += score > threshold
        total += above / len(task)
    return total / len(tasks)


def better(tasks, others):
    total = 0.0
    for ours, theirs in zip(tasks, others, strict=True):
        wins = 0.0
        for one in ours:
            for other in theirs:
                wins += 1.0 if one > other else 0.5 if one == other else 0.0
        total += wins / (len(ours) * len(theirs))
    return total / len(tasks)


@pytest.mark.parametrize(("known", "own"), [(mean_of, mean), (gap_of, lambda tasks: optimality_gap(tasks, 1.0))])
@pytest.mark.parametrize("tasks", [OURS, THEIRS, OURS[:1]])
def test_means_and_gaps(known, own, tasks) -> None:
    found = own(tasks)
    assert found.value == pytest.approx(known(tasks))
    assert (found.low, found.high) == pytest.approx(ends(known(resample) for resample in every_resample(tasks)))


def test_a_gap_is_a_share_of_the_best() -> None:
    """Of 500 and 900 of 1000, half and a tenth are lacking; 1200 is no better than 1000."""
    assert optimality_gap([np.array([500.0, 900.0, 1200.0])], 1000.0).value == pytest.approx((0.5 + 0.1 + 0) / 3)
    assert optimality_gap([np.array([-500.0])], 1000.0).value == 1.5


def test_a_profile_is_the_share_of_runs_above() -> None:
    found = profile(OURS, np.array([-1.0, 0.0, 0.2, 0.45, 0.9, 1.3]))
    assert found.share.tolist() == pytest.approx([1, 1, (2 / 3 + 1) / 2, (2 / 3 + 1 / 2) / 2, 1 / 4, 0])
    for place, share, low, high in zip(found.thresholds, found.share, found.low, found.high, strict=True):
        assert share == share_above(OURS, place)
        assert (low, high) == pytest.approx(ends(share_above(resample, place) for resample in every_resample(OURS)))


def test_the_probability_of_improvement() -> None:
    """On the first task 4 and a half of 6 pairs are won, 0.5 against 0.5 being a draw; on the second 3 and a half."""
    found = improvement(OURS, THEIRS)
    assert found.value == pytest.approx((4.5 / 6 + 3.5 / 6) / 2) == better(OURS, THEIRS)
    every = [better(ours, theirs) for ours in every_resample(OURS[:1]) for theirs in every_resample(THEIRS[:1])]
    first = improvement(OURS[:1], THEIRS[:1])
    assert (first.low, first.high) == pytest.approx(ends(every))


def test_what_one_improves_the_other_loses() -> None:
    there, back = improvement(OURS, THEIRS), improvement(THEIRS, OURS)
    turned = complement(there)
    assert turned.value == pytest.approx(back.value) and turned.low < turned.value < turned.high
    assert (turned.low, turned.high) == pytest.approx((back.low, back.high))
    assert improvement(OURS, OURS).value == 0.5


def test_intervals_of_many_runs_are_those_of_random_resamples() -> None:
    """Ten runs of each agent on three tasks, drawn run by run in loops."""
    random = np.random.default_rng(3)
    ours = [random.normal(0.6, 0.2, 10) for _ in range(3)]
    theirs = [random.normal(0.5, 0.2, 10) for _ in range(3)]
    means, wins = [], []
    for _ in range(4000):
        here, there = ([random.choice(task, len(task)) for task in tasks] for tasks in (ours, theirs))
        means.append(np.mean([task.mean() for task in here]))
        wins.append(np.mean([(a[:, None] > b).mean() for a, b in zip(here, there, strict=True)]))
    for found, drawn in ((mean(ours), means), (improvement(ours, theirs), wins)):
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.012)


def test_single_runs_say_nothing_of_others() -> None:
    single = [np.array([0.3]), np.array([0.5])]
    assert mean(single).value == 0.4 and mean(single).low is None
    assert improvement(single, OURS).low is None and improvement(OURS, single).high is None
    assert np.isnan(profile(single, np.zeros(1)).low).all()


def test_thresholds_reach_from_nothing_to_the_best() -> None:
    assert thresholds([OURS, THEIRS], 2.0)[[0, -1]].tolist() == [0, 2]
    assert thresholds([[np.array([-4.0, 3.0])]], None)[[0, -1]].tolist() == [-4, 3]
    assert thresholds([[np.array([0.0])]], None)[[0, -1]].tolist() == [0, 1]
