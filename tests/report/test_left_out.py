"""Runs that ``coral report`` leaves out, and how it says so."""

from __future__ import annotations

import json

import pytest

from coral_cli.study.plan import Plan, Planned, write_plan


def test_what_is_left_out_is_said(make_run, report) -> None:
    make_run("runs/a", {1000: 1.0})
    make_run("runs/again", {1000: 2.0})
    make_run("runs/begun", {})
    (make_run("runs/torn", {1: 0.0}) / "run.json").write_text("{}")
    code, out, err = report("runs")
    assert code == 0 and "v-coral" in out
    assert err.splitlines() == [
        "warning: runs/begun has no evaluation of return: left out.",
        "warning: runs/torn/run.json names no assembly: left out.",
        "warning: 2 runs of v-coral have seed 0: each counts.",
    ]


def test_there_is_one_line_for_all_that_is_left_out(make_run, report) -> None:
    for seed in range(3):
        make_run(f"runs/a{seed}", {1000: 1.0}, seed=seed)
        make_run(f"runs/again{seed}", {1000: 2.0}, seed=seed)
        make_run(f"runs/begun{seed}", {})
        (make_run(f"runs/torn{seed}", {1: 0.0}) / "run.json").write_text("{}")
    code, _, err = report("runs")
    assert code == 0 and err.splitlines() == [
        "warning: runs/begun0 has no evaluation of return, and 2 more have none either: left out.",
        "warning: runs/torn0/run.json names no assembly, and 2 more cannot be read either: left out.",
        "warning: 2 runs of v-coral have seed 0, and 2 more seeds have several runs, too: each counts.",
    ]


@pytest.mark.parametrize("task", [{"env": 5}, {"env": None}, {"distraction": 7}, {"distraction": [1]}])
def test_a_run_of_no_task_is_left_out(task, make_run, report) -> None:
    make_run("a", {1000: 1.0})
    torn = make_run("torn", {1000: 1.0})
    metadata = json.loads((torn / "run.json").read_text())
    if "env" in task:
        metadata["assembly"]["choices"]["env"]["component"] = task["env"]
    else:
        metadata["assembly"]["settings"] |= task
    (torn / "run.json").write_text(json.dumps(metadata))
    code, _, err = report(".", "--out", "x.html")
    assert code == 0 and err.startswith("warning: torn/run.json is damaged, or no run's: ")
    assert err.endswith(": left out.\n")


def test_what_others_begin_with_has_no_row_unless_it_is_named(make_run, report, tmp_path) -> None:
    make_run("moved/from-task", {1000: 5.0}, {"image-loss": "cpc"})
    make_run("moved/task-slow", {1000: 7.0})
    write_plan(tmp_path / "moved", Plan((Planned("from-task", ()), Planned("task-slow", (), after="from-task"))))
    code, out, err = report("moved", "--json")
    assert code == 0 and err == "warning: moved/from-task is what other runs of its study begin with: left out.\n"
    assert "7.0" in out and "5.0" not in out
    code, out, err = report("moved", "moved/from-task", "--json")
    assert (code, err) == (0, "") and "7.0" in out and "5.0" in out
