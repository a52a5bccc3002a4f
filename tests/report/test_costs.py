"""What a run has cost, from its events."""

from __future__ import annotations

import pytest

from coral_cli.registry.events import Event
from coral_cli.report.costs import Costs, costs_of
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import MetricsWriter


def test_an_update_takes_its_share_of_the_time(make_run) -> None:
    told = {"seconds/learn": 0.8, "seconds/sample": 0.1, "updates_per_s": 10.0, "memory_mb": 500.0}
    quick = {**told, "updates_per_s": 90.0, "memory_mb": 700.0}
    run = make_run("a", {}, updates={1: told, 2: told, 3: quick, 4: {"updates_per_s": 0.0}})
    with MetricsWriter(RunDirectory(run).metrics) as write:
        write(Event("end", 9, 120.0, {"status": "done"}))
    assert costs_of(run) == Costs(pytest.approx(90.0), 2.0, 700.0)  # 0.9 s for ten updates


def test_what_was_not_told_is_none(make_run) -> None:
    assert costs_of(make_run("a", {1: 2.0})) == Costs(None, None, None)
