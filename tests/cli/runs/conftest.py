"""Runs to be listed, shown, removed and renamed."""

from __future__ import annotations

import pytest


@pytest.fixture
def study(make_run, told):
    """Five runs in four states, and one that is damaged."""
    make_run(
        "runs/seed9", told.began(), told.evaluated(500, 3.0), told.evaluated(1000, 2.0), told.ended(1000, best=3.0)
    )
    make_run("runs/seed10", told.began(), told.evaluated(400, 9.0), told.ended(500, "interrupted", 9.0), seed=10)
    make_run("runs/deep/p", told.began(), told.ended(30, "failed"), method="p-coral", steps=2_000_000)
    make_run("runs/box", told.began(), told.evaluated(20, -5.0), env="box-push", size="small", distraction=("noise",))
    make_run("runs/new")
    make_run("runs/torn").metadata.write_text("{")
    return make_run
