"""Runs one by one: where each ends, and its value between evaluations."""

from __future__ import annotations

import pytest

from coral_cli.registry.events import Event
from coral_cli.report.comparing import last_common_step, read
from coral_cli.runs.metrics import to_line


@pytest.fixture
def make(make_run):
    """``make("a", (step, mean, standard error, episodes), ...)``."""

    def make(name, *evaluations):
        path = make_run(name, {})
        told = [
            Event("evaluation", step, 0.0, {"return/mean": mean, "return/stderr": error, "episodes": count})
            for step, mean, error, count in evaluations
        ]
        (path / "metrics.jsonl").write_text("".join(to_line(event) + "\n" for event in told))
        return read(path, "return")

    return make


def test_the_interval_is_that_of_the_last_evaluation(make):
    """Over 10 episodes the quantile for 9 degrees of freedom is 2.2622."""
    assert make("a", (100, 5.0, 9.0, 10), (200, 50.0, 2.0, 10)).interval == pytest.approx((45.4757, 54.5243), abs=1e-4)


@pytest.mark.parametrize(("error", "count"), [(None, 1), (1.0, 1), (None, 10), (1.0, None)])
def test_without_several_episodes_there_is_none(error, count, make):
    run = make("a", (100, 5.0, error, count))
    assert run.values == (5.0,) and run.interval is None


def test_without_an_evaluation_there_is_nothing(make):
    run = make("a", (100, None, None, 3))
    assert (run.steps, run.interval, run.at(100)) == ((), None, None)
    assert run.metrics == {"return"}


def test_between_two_evaluations_a_run_is_on_their_line(make):
    run = make("a", (100, 10.0, None, 1), (200, 30.0, None, 1), (400, 0.0, None, 1))
    assert [run.at(step) for step in (99, 100, 150, 200, 300, 400, 401)] == [None, 10.0, 20.0, 30.0, 15.0, 0.0, None]
    assert make("b", (100, 7.0, None, 1)).at(100) == 7.0


def test_the_step_that_all_have_reached(make):
    runs = [make("a", (100, 1.0, None, 1), (400, 1.0, None, 1)), make("b", (300, 1.0, None, 1)), make("c")]
    assert last_common_step(runs) == 300
    assert last_common_step(runs[2:]) is None
