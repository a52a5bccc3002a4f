"""The table of ``coral runs``: its rows, their order, and which are left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from .listed import names, rows


def test_the_table(study, coral) -> None:
    outcome = coral("runs")
    assert outcome.code == 0
    table = rows(outcome.out)
    assert " ".join(table[0]) == "name state task distraction method size seed steps last best age disk"
    shown = {row[0]: row[1:10] for row in table[1:]}
    assert shown == {
        "box": ["stopped", "box-push", "noise", "v-coral", "small", "0", "20/1,000", "-5.00", "-5.00"],
        "deep/p": ["failed", "maze", "-", "p-coral", "tiny", "0", "30/2,000,000", "-", "-"],
        "new": ["stopped", "maze", "-", "v-coral", "tiny", "0", "0/1,000", "-", "-"],
        "seed9": ["done", "maze", "-", "v-coral", "tiny", "0", "1,000/1,000", "2.00", "3.00"],
        "seed10": ["stopped", "maze", "-", "v-coral", "tiny", "10", "500/1,000", "9.00", "9.00"],
        "torn": ["damaged", *["-"] * 8],
    }
    assert outcome.err.startswith("warning: runs/torn/run.json cannot be read (it is no JSON")
    assert len(outcome.err.splitlines()) == 1


def test_a_run_in_training_is_so_as_long_as_somebody_trains(study, told, coral, make_run) -> None:
    run = make_run("runs/live", told.began())
    with run.held():
        assert names(coral, "--state", "training") == ["live"]
    assert names(coral, "--state", "training,done") == ["seed9"]


def test_sorting(study, coral) -> None:
    assert names(coral) == ["box", "deep/p", "new", "seed9", "seed10", "torn"], "9 before 10"
    assert names(coral, "--reverse") == ["torn", "seed10", "seed9", "new", "deep/p", "box"]
    assert names(coral, "--sort", "best") == ["box", "seed9", "seed10", "deep/p", "new", "torn"]
    assert names(coral, "--sort", "best", "--reverse") == ["seed10", "seed9", "box", "deep/p", "new", "torn"]
    assert names(coral, "--sort", "steps", "--reverse", "--limit", "2") == ["seed9", "seed10"]


def test_the_youngest_come_first_by_age(make_run, coral) -> None:
    now = datetime.now(UTC)
    for name, days in (("old", 40), ("young", 2), ("middle", 3)):
        make_run(f"runs/{name}", started=(now - timedelta(days=days, minutes=1)).isoformat())
    make_run("runs/unknown", started="yesterday")
    assert names(coral, "--sort", "age") == ["young", "middle", "old", "unknown"]
    ages = {row[0]: row[-4:-2] for row in rows(coral("runs").out)[1:]}
    assert ages == {"young": ["2", "d"], "middle": ["3", "d"], "old": ["40", "d"], "unknown": ["0/1,000", "-"]}


def test_filtering(study, coral) -> None:
    assert names(coral, "--env", "box-push") == ["box"]
    assert names(coral, "--method", "p-coral,v-coral", "--state", "failed,stopped") == [
        "box",
        "deep/p",
        "new",
        "seed10",
    ]
    outcome = coral("runs", "--method", "p-corla")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "none of the 6 runs has --method p-corla; did you mean p-coral?\n"
    assert coral("runs", "--env", "maze", "--state", "damaged").err == "none of the 6 runs has all of that\n"
    assert coral("runs", "--state", "finished").code == 2
    assert coral("runs", "--sort", "size").code == 2


def test_an_agent_without_a_named_method_is_called_by_its_losses(make_run, told, coral) -> None:
    run = make_run("runs/a")
    metadata = json.loads(run.metadata.read_text())
    metadata["assembly"]["choices"]["env"]["component"] = "gym:Pendulum-v1"
    run.write_metadata(metadata)
    [row] = rows(coral("runs").out)[1:]
    assert row[2:5] == ["gym:Pendulum-v1", "cv+recon", "0"], "an environment that no plugin lists is not looked up"


def test_a_run_on_recorded_data_counts_updates(make_run, told, coral) -> None:
    run = make_run("runs/a", told.began(), told.ended(30, "interrupted"))
    run.write_metadata(json.loads(run.metadata.read_text()) | {"data": "data", "updates": 50, "checkpoint_every": 10})
    assert "30/50" in rows(coral("runs").out)[1]
    [document] = json.loads(coral("runs", "--json").out)
    assert (document["unit"], document["steps"], document["budget"]) == ("updates", 30, 50)


def test_an_episode_that_goes_beyond_the_steps_is_no_more_of_them(make_run, told, coral) -> None:
    make_run("runs/a", told.began(2500), told.ended(3000), steps=2500)
    assert "2,500/2,500" in rows(coral("runs").out)[1]
    [document] = json.loads(coral("runs", "--json").out)
    assert (document["steps"], document["budget"]) == (3000, 2500)


def test_json_is_one_document(study, coral) -> None:
    documents = {row["name"]: row for row in json.loads(coral("runs", "--json").out)}
    assert documents["seed9"] == {
        "path": "runs/seed9",
        "name": "seed9",
        "state": "done",
        "error": None,
        "task": "maze",
        "distraction": [],
        "method": "v-coral",
        "size": "tiny",
        "seed": 0,
        "unit": "steps",
        "steps": 1000,
        "budget": 1000,
        "last_return": 2.0,
        "best_return": 3.0,
        "started": "2026-01-02T03:04:05+00:00",
        "last_event": None,
        "training_seconds": 1000.0,
        "disk_bytes": documents["seed9"]["disk_bytes"],
    }
    assert documents["torn"]["state"] == "damaged" and "cannot be read" in documents["torn"]["error"]
    assert documents["torn"]["steps"] is documents["torn"]["method"] is None


def test_where_there_are_no_runs(coral, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = coral("runs")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "no runs in runs: `coral train` makes them, in runs/ unless --out says otherwise\n"
    (tmp_path / "empty").mkdir()
    assert coral("runs", "empty").err.startswith("no runs in empty: ")
    assert json.loads(coral("runs", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere does not exist.\nhint: Runs are saved in runs/."),
        (["remvoe"], "remvoe does not exist.\nhint: Did you mean coral runs remove?"),
        (["file"], "file is a file, not a run directory."),
    ],
)
def test_what_is_no_folder(words, message, coral, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    outcome = coral("runs", *words)
    assert outcome.code == 4 and message in outcome.err


def test_a_run_itself_and_several_folders(study, make_run, coral) -> None:
    make_run("other/x")
    assert names(coral, "runs/deep", "other", "runs/seed9", "runs/deep/p") == ["p", "seed9", "x"]


EVIL = "a\x1b[31m[bold]\nfake  done\u202e"


def test_names_are_text_in_one_line(make_run, told, coral) -> None:
    make_run(f"runs/{EVIL}", told.began())
    outcome = coral("runs")
    assert len(outcome.out.splitlines()) == 2
    assert "a?[31m[bold] fake  done?" in outcome.out and "\x1b" not in outcome.out + outcome.err
    assert json.loads(coral("runs", "--json").out)[0]["name"] == EVIL
    shown = coral("runs", "show", EVIL)
    assert shown.code == 0 and "\x1b" not in shown.out + shown.err
    removed = coral("runs", "remove", EVIL, "--yes")
    assert removed.code == 0 and "\x1b" not in removed.out and len(removed.out.splitlines()) == 1
