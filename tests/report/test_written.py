"""The tables, pages and pictures that ``coral report`` writes."""

from __future__ import annotations

import csv
import json
import sys

import pytest


def test_a_file_of_it(make_run, report, tmp_path) -> None:
    for seed, value in enumerate([200.0, 600.0]):
        make_run(f"v{seed}", {1000: value}, seed=seed)
    make_run("own", {1000: 5.0}, {"env": "own"})
    assert report(".", "--csv", "x.csv")[0] == 0
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert [(row["task"], row["runs"], row["steps"], row["metric"]) for row in rows] == [
        ("own", "1", "1000", "return"),
        ("cartpole-swingup", "2", "1000", "return"),
    ]
    assert [float(rows[1][name]) for name in ("iqm", "mean", "optimality_gap", "mean_low", "seconds")] == [
        400, 400, pytest.approx(0.6), 200, 10
    ]  # fmt: skip
    assert (rows[0]["mean"], rows[0]["mean_low"], rows[0]["optimality_gap"]) == ("5.0", "", "")


def test_what_was_written_is_said(make_run, report, tmp_path) -> None:
    make_run("a", {1000: 1.0})
    table = report("a")[1]
    assert report("a", "--csv", "x.csv")[1] == f"{table}\nstatistics in x.csv\n"
    written = report("a", "--csv", "x.csv", "--out", "x.html")[1]
    assert written == f"{table}\ncurves in x.html\nstatistics in x.csv\n"
    assert json.loads(report("a", "--csv", "x.csv", "--json")[1]), "a document and nothing else"


def test_a_file_of_curves(make_run, report, tmp_path) -> None:
    """Of two runs, one of which is twice as quick: after 20 s they are at steps 2000 and 1000."""
    make_run("a", {1000: 1.0, 2000: 3.0}, seed=0, updates={1000: {"loss/image": 4.0, "policy/entropy": 1.0}})
    make_run("b", {1000: 7.0, 2000: 9.0}, seed=1, pace=50)
    code, out, err = report(".", "--out", "x.csv")
    assert (code, err) == (0, "") and out.endswith("\ncurves in x.csv\n")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert {(row["task"], row["agent"]) for row in rows} == {("cartpole-swingup", "v-coral")}
    points = {(row["curve"], row["over"], float(row["at"])): row for row in rows}
    assert set(points) == {
        *(("return", "steps", 1000), ("return", "steps", 2000), ("return", "time", 20)),
        *((name, *place) for name in ("loss/image", "policy/entropy") for place in (("steps", 1000), ("time", 10))),
    }
    numbers = ("runs", "iqm", "iqm_low", "iqm_high")
    assert [float(points["return", "steps", 2000][name]) for name in numbers] == [2, 6, 3, 9]
    assert [float(points["return", "time", 20][name]) for name in numbers] == [2, 5, 3, 7]
    assert [points["loss/image", "time", 10][name] for name in numbers] == ["1", "4.0", "", ""]


def test_a_picture_of_other_curves(make_run, report) -> None:
    pytest.importorskip("matplotlib")
    make_run("a", {1000: 1.0}, updates={1000: {"loss/image": 4.0}})
    assert report("a", "--out", "x.png", "--draw", "return,loss/image", "--over", "time")[0] == 0
    code, _, err = report("a", "--out", "x.png", "--draw", "loss/imag")
    assert code == 2 and err == ("error: these runs have no curve 'loss/imag'.\nhint: Did you mean loss/image?\n")
    assert report("a", "--draw", "success")[0] == report("a", "--draw", "success", "--out", "x.html")[0] == 2


@pytest.mark.parametrize(("name", "start"), [("x.html", "<!doctype html>"), ("x.SVG", "<?xml")])
def test_a_page_and_a_picture(name, start, make_run, report, tmp_path, monkeypatch) -> None:
    if name == "x.html":
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # the page does without
    else:
        pytest.importorskip("matplotlib")
    make_run("a", {1000: 1.0})
    code, out, _ = report("a", "--out", name)
    assert code == 0 and out.endswith(f"\n\ncurves in {name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_a_page_of_runs_that_were_not_evaluated_yet(make_run, report, tmp_path) -> None:
    make_run("runs/a", {}, updates={500: {"loss/image": 2.0}})
    pretrained = make_run("runs/b", {})
    metadata = json.loads((pretrained / "run.json").read_text())
    (pretrained / "run.json").write_text(json.dumps(metadata | {"data": "there", "updates": 5, "checkpoint_every": 5}))
    code, out, err = report("--out", "x.html")
    assert (code, err) == (0, "warning: runs/b has no evaluation of return: left out.\n")
    assert out.splitlines()[0].split() == [
        "cartpole-swingup",
        "runs",
        "steps",
        "return",
        "95",
        "%",
        "interval",
        "training",
        "time",
    ]
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "loss/image" in page and "No run has been evaluated yet." in page and err.partition(": ")[2].strip() in page
    assert report()[0] == report("--out", "x.svg")[0] == report("runs/b", "--out", "x.html")[0] == 2
