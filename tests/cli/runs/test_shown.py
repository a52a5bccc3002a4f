"""``coral runs show``: one run in full."""

from __future__ import annotations

import json


def test_one_run_in_full(make_run, told, coral) -> None:
    run = make_run("runs/a", told.began(), told.evaluated(400, 9.0), told.ended(500, "interrupted", 9.0), seed=4)
    run.latest.touch()
    outcome = coral("runs", "show", "a")
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    assert outcome.code == 0
    assert lines["state"] == "stopped, by an interruption"
    assert lines["agent"] == "v-coral, size tiny, seed 4"
    assert lines["steps"] == "500 of 1,000"
    assert lines["return"].startswith("9.00 at 400, best 9.00")
    assert lines["go"] == "on       coral train --resume runs/a" and "rm -r" not in outcome.out
    document = json.loads(coral("runs", "show", "runs/a", "--json").out)
    assert document["evaluations"] == [{"step": 400, "episodes": 10, "return/mean": 9.0, "return/stderr": None}]
    assert document["flags"]["seed"] == 4 and document["metadata"]["coral"] == "0.1.0"


def test_a_run_that_was_killed_is_told_so(make_run, told, coral) -> None:
    make_run("runs/a", told.began())
    assert "stopped: its process is gone, and has not said why" in coral("runs", "show", "a").out


def test_a_damaged_run_is_not_shown(make_run, coral) -> None:
    make_run("runs/a").metadata.write_text("[]")
    outcome = coral("runs", "show", "a")
    assert outcome.code == 4 and "cannot be read" in outcome.err
