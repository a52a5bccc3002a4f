"""Trainings side by side: begun, gone on with, left alone when done; and their table."""

import importlib
import json
import sys
from pathlib import Path

import pytest

QUICK = (
    "--size tiny --image-encoder.depth 2 --rssm.gru 8 --rssm.hidden 8 --policy.hidden 8 --batch-size 2 --batch-length "
    "4 --random-episodes 1 --updates-per-step 0.05 --eval-every 1 --eval-episodes 1"
)


@pytest.fixture
def reproduce(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("reproduce")


def write(run, returns):
    run.mkdir()
    events = [
        {"kind": "evaluation", "step": step, "seconds": 1.0, "values": {"return/mean": mean, "return/stderr": 2.0}}
        for step, mean in returns.items()
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def test_the_table_has_means_over_seeds_and_published_values(reproduce, tmp_path):
    write(tmp_path / "a0", {100: 10.0, 200: 30.0, 300: 7.0})
    write(tmp_path / "a1", {100: 20.0, 200: 30.0})
    write(tmp_path / "b0", {100: 1.0})
    columns = {
        "v-coral": reproduce.over_seeds([tmp_path / "a0", tmp_path / "a1", tmp_path / "not-begun"]),
        "p-coral": reproduce.over_seeds([tmp_path / "b0"]),
    }
    assert columns["v-coral"] == {100: (15.0, pytest.approx(5.0)), 200: (30.0, 0.0)}
    known = {method: reproduce.published(reproduce.COMPARISONS["standard"], method) for method in columns}
    assert known["v-coral"][100_000] == 734.2 and known["p-coral"][50_000] == 341.1
    lines = reproduce.table(columns, known).splitlines()
    assert lines[2:4] == ["| 100 | 15 ± 5 | 1 ± 2 |", "| 200 | 30 ± 0 |  |"]
    assert "| published at 50,000 | 431 | 341 |" in lines
    reproduce.draw(columns, known, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_every_comparison_has_methods_with_published_values_where_it_says_so(reproduce):
    for name, comparison in reproduce.COMPARISONS.items():
        found = [bool(reproduce.published(comparison, method)) for method in comparison.methods if method != "u-coral"]
        assert all(found) if comparison.setting else not any(found), name


def test_trainings_run_go_on_and_are_left_alone(reproduce, tmp_path, monkeypatch, capsys):
    def run(steps, *words):
        line = f"reproduce.py box-push --methods v-coral cv-image --out {tmp_path} --steps {steps} --jobs 2"
        monkeypatch.setattr(sys, "argv", [*line.split(), *words, "--", *QUICK.split()])
        reproduce.main()
        return capsys.readouterr().out.splitlines()

    begun = run(200)
    assert sorted(line.split()[0] for line in begun[:2]) == ["start", "start"]
    assert begun[-1].startswith("| 200 | -")
    assert run(200) == begun[-4:]  # nothing left to do
    assert sorted(line.split()[0] for line in run(300)[:2]) == ["go", "go"]
    assert run(300, "--report")[-1].startswith("| 300 | -")
