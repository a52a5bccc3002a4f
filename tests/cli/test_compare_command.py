"""``coral compare``, as it is called."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def pair(make_run, told):
    """Two methods, one of which went half as far."""
    make_run("runs/v", told.began(), told.evaluated(100, 0.0, 1.0), told.evaluated(200, 10.0, 2.0, 4), seed=1)
    make_run("runs/p", told.began(), told.evaluated(100, 6.0, None, 1), method="p-coral", batch_size=4)


def test_what_differs_and_where_each_ends(pair, coral) -> None:
    """Over 4 episodes Student's quantile is 3.1824, and the interval 10 +- 6.36; at 100 steps the first had 0."""
    outcome = coral("compare", "v", "runs/p", width=100)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    cells = [line.split() for line in lines]
    assert cells[0] == ["mark", "run", "steps", "return", "95", "%", "interval", "episodes", "best", "at", "100"]
    assert cells[1] == ["a", "runs/v", "200", "10.0", "3.64", "to", "16.4", "4", "10.0", "0.00"]
    assert cells[2] == ["b", "runs/p", "100", "6.00", "-", "1", "6.00", "6.00"]
    assert "95 % interval of the mean over other episodes of the same agent" in outcome.out
    flags = {row[0]: row[1:] for row in cells if len(row) == 3}
    assert flags["method"] == ["v-coral", "p-coral"]
    assert flags["seed"] == ["1", "0"] and flags["batch-size"] == ["8", "4"]
    assert not {"rssm.gru", "steps", "env"} & flags.keys()
    assert ["0", "200", "steps"] in cells


def test_the_size_stands_for_what_it_says(make_run, coral) -> None:
    make_run("runs/a", size="tiny")
    make_run("runs/b", size="small")
    out = coral("compare", "a", "b").out
    assert ["size", "tiny", "small"] in [line.split() for line in out.splitlines()]
    assert "rssm.gru" not in out


def test_the_same_flags(make_run, told, coral) -> None:
    make_run("runs/a", told.began(), told.evaluated(100, 1.0))
    make_run("runs/b", told.began(), told.evaluated(100, 1.0))
    out = coral("compare", "a", "b").out
    assert "All flags are the same." in out and "* several of them" in out


def test_json(pair, coral) -> None:
    outcome = coral("compare", "v", "p", "--json")
    document = json.loads(outcome.out)
    assert (document["metric"], document["common_step"]) == ("return", 100)
    assert "Student's t" in document["interval"]
    first, second = document["runs"]
    assert first["interval"] == pytest.approx([10 - 2 * 3.182446, 10 + 2 * 3.182446], abs=1e-5)
    assert (first["steps"], first["values"], first["stderr"], first["episodes"]) == (
        [100, 200],
        [0, 10],
        [1, 2],
        [10, 4],
    )
    assert (first["last"], first["best"], first["at_common_step"]) == (10.0, 10.0, 0.0)
    assert (second["interval"], second["differs"]["method"]) == (None, "p-coral")


def test_other_tasks_are_warned_of(make_run, told, coral) -> None:
    make_run("runs/a", told.began(), told.evaluated(100, 1.0))
    make_run("runs/b", told.began(), told.evaluated(100, 1.0), env="box-push")
    assert coral("compare", "a", "b").err.startswith("warning: these runs are on different tasks")


def test_runs_that_have_not_been_evaluated(make_run, coral) -> None:
    make_run("runs/a")
    make_run("runs/b", seed=1)
    outcome = coral("compare", "a", "b")
    assert outcome.code == 0 and ["seed", "0", "1"] in [line.split() for line in outcome.out.splitlines()]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "missing argument"),
        (("v", "runs/v"), 2, "one run alone is nothing to compare.\nhint: Name two or more."),
        (("v", "q"), 4, "there is no run 'q'."),
        (("v", "p", "--metric", "retrun"), 2, "none of these runs has evaluated 'retrun'.\nhint: Did you mean return?"),
        (("v", "torn"), 4, "torn/run.json cannot be read"),
    ],
)
def test_errors(words, code, message, pair, make_run, coral) -> None:
    make_run("runs/torn").metadata.write_text("{")
    outcome = coral("compare", *words)
    assert outcome.code == code and message in outcome.err


def test_too_many(make_run, coral) -> None:
    names = [make_run(f"runs/{number}").path.name for number in range(27)]
    outcome = coral("compare", *names)
    assert outcome.code == 2 and "26 at most" in outcome.err


@pytest.mark.parametrize("width", [40, 60])
def test_names_of_others_are_text(width, make_run, told, coral) -> None:
    for name in ("a\x1b[31m[red]\nx", "b" * 60):
        make_run(f"runs/{name}", told.began(), told.evaluated(100, 1.0))
    outcome = coral("compare", "a\x1b[31m[red]\nx", "b" * 60, width=width)
    assert outcome.code == 0 and "\x1b" not in outcome.out and "a?[31m[red] x" in outcome.out
