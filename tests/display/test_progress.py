from __future__ import annotations

import pytest

from coral_cli.display.progress import Progress
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import MetricsWriter


def after(events):
    progress = Progress()
    for event in events:
        progress(event)
    return progress


def spread(recent, overall, past):
    """From the shorter to the longer estimate, each 30 % off in as much of all the time as is still to come."""
    off = 0.3 * recent / (past + recent)
    return min(recent, overall) * (1 - off), max(recent, overall) * (1 + off)


def update(step, seconds):
    return Event("update", step, float(seconds), {"updates": step})


def test_the_eta_counts_no_random_episodes(run):
    progress = after(run)
    assert progress.steps_per_second == pytest.approx(4000 / 100)
    assert progress.eta == pytest.approx(spread(1900, 1900, 100.0))
    assert after(run[:3]).eta is None


def test_nothing_is_known_before_the_start():
    progress = Progress()
    assert (progress.eta, progress.fraction, progress.mean_return, progress.best_return) == (None, 0.0, None, None)


def test_the_eta_of_a_resumed_run_starts_where_it_resumed():
    start = Event("start", 50_000, 9000.0, {"budget": 100_000, "resumed": True})
    progress = after([start, update(50_500, 9010), Event("episode", 51_000, 9020.0, {"episode": 1, "return": 1.0})])
    assert progress.fraction == 0.51
    assert progress.eta == pytest.approx(spread(980, 980, 20.0))


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
    assert (progress.fraction, progress.eta, progress.spent) == (1.0, None, True)


def test_returns_are_last_mean_of_ten_and_best():
    progress = after(Event("episode", i, float(i), {"episode": i, "return": float(-i)}) for i in range(1, 13))
    assert progress.returns[-1] == -12.0
    assert progress.mean_return == -7.5  # of -3 to -12
    assert progress.best_return == -1.0


def write(path, *events):
    path.mkdir()
    with MetricsWriter(path / "metrics.jsonl") as writer:
        for event in events:
            writer(event)


def test_a_resumed_run_shows_what_it_was(tmp_path):
    """Two steps a second; then it is resumed from 1,000 steps, and is twice as fast."""
    start = {"budget": 10_000, "resumed": False, "out": str(tmp_path / "run")}
    first = Event("start", 0, 0.0, start)
    episodes = [
        Event("episode", 100 * i, 50.0 * i, {"episode": i, "return": float(i), "random": i < 3}) for i in range(1, 12)
    ]
    score = Event("evaluation", 1000, 500.0, {"episodes": 1, "return/mean": 7.0, "return/stderr": None})
    told = [
        *episodes[:10],
        Event("update", 1000, 500.0, {"updates": 9, "loss/kl": 2.5, "memory_mb": 5.0}),
        score,
        episodes[10],
    ]
    again = Event("start", 1000, 500.0, {**start, "resumed": True})
    write(tmp_path / "run", first, *told, again)
    progress = after([again])
    assert list(progress.returns) == list(progress.curves["return"].values) == [float(i) for i in range(1, 11)]
    assert (progress.best_return, progress.mean_return, progress.evaluation) == (10.0, 5.5, score)
    assert progress.curves["loss/kl"].values == [2.5] and progress.update == {"updates": 9, "loss/kl": 2.5}, (
        "but nothing of a process that is gone"
    )
    assert progress.steps_per_second == pytest.approx(2.0)
    assert progress.eta == pytest.approx(spread(9000 / 2, 9000 / 2, 400.0))  # of which 100 were random
    progress(update(3400, 1110))
    assert progress.steps_per_second == pytest.approx(2400 / 610)  # from 500 s on
    overall = (3400 - 200) / (1110 - 100)
    assert progress.eta == pytest.approx(spread(6600 / 2400 * 610, 6600 / overall, 1010.0))


def test_without_metrics_a_resumed_run_begins_where_it_is(tmp_path):
    progress = after([Event("start", 500, 9.0, {"budget": 1000, "resumed": True, "out": str(tmp_path / "gone")})])
    assert (progress.step, progress.fraction, progress.eta) == (500, 0.5, None)


def test_a_new_run_knows_nothing_of_what_lies_there(tmp_path):
    write(tmp_path / "run", Event("episode", 100, 1.0, {"return": 1.0}))
    progress = after([Event("start", 0, 0.0, {"budget": 10, "resumed": False, "out": str(tmp_path / "run")})])
    assert not progress.returns


def test_steps_count_once_their_updates_are_done():
    """An episode of 100 steps brings 50 updates; 20 of them are done. Then 10 more, in 4 s: 2.5 a second, 5 steps."""
    start = Event("start", 0, 0.0, {"budget": 1000, "updates_per_env_step": 0.5, "pending": 0})
    progress = after([start, Event("episode", 100, 1.0, {"episode": 1, "return": 0.0, "random": True, "pending": 50})])
    assert progress.learned == 0.0
    progress(Event("update", 100, 9.0, {"pending": 30}))
    assert (progress.learned, progress.left, progress.fraction) == (40.0, 960.0, 0.04)
    progress(Event("update", 100, 13.0, {"pending": 20}))
    assert progress.steps_per_second == pytest.approx(60 / 12)
    assert progress.eta == pytest.approx(spread(940 / 5, 940 / 5, 12.0))
