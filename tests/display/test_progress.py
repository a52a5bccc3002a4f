from __future__ import annotations

import pytest

from coral_cli.display.progress import Progress
from coral_cli.registry.events import Event


def after(events):
    progress = Progress()
    for event in events:
        progress(event)
    return progress


def update(step, seconds):
    return Event("update", step, float(seconds), {"updates": step})


def test_the_eta_counts_no_random_episodes(run):
    progress = after(run)
    assert progress.steps_per_second == pytest.approx(4000 / 100)
    assert progress.eta == pytest.approx(76_000 / 40)
    assert after(run[:3]).eta is None


def test_nothing_is_known_before_the_start():
    progress = Progress()
    assert (progress.eta, progress.fraction, progress.mean_return, progress.best_return) == (None, 0.0, None, None)


def test_the_eta_of_a_resumed_run_starts_where_it_resumed():
    start = Event("start", 50_000, 9000.0, {"budget": 100_000, "resumed": True})
    progress = after([start, update(50_500, 9010), Event("episode", 51_000, 9020.0, {"episode": 1, "return": 1.0})])
    assert progress.fraction == 0.51
    assert progress.eta == pytest.approx(49_000 / 50)


def test_only_the_last_ten_minutes_count():
    """One step a second at first; then two."""
    progress = after([Event("start", 0, 0.0, {"budget": 10_000}), update(0, 0.0)])
    for second in range(0, 3000, 10):
        progress(update(second, second))
    assert progress.steps_per_second == pytest.approx(1.0)
    for second in range(0, 700, 10):
        progress(update(3000 + 2 * second, 3000 + second))
    assert progress.steps_per_second == pytest.approx(2.0)


def test_a_spent_budget_leaves_no_time():
    progress = after([Event("start", 0, 0.0, {"budget": 100}), update(50, 1), update(130, 2)])
    assert (progress.fraction, progress.eta) == (1.0, 0.0)


def test_returns_are_last_mean_of_ten_and_best():
    progress = after(Event("episode", i, float(i), {"episode": i, "return": float(-i)}) for i in range(1, 13))
    assert progress.returns[-1] == -12.0
    assert progress.mean_return == -7.5  # of -3 to -12
    assert progress.best_return == -1.0
