"""``coral runs``, and what it shows, removes and renames."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from coral_cli.display.runs import Listed, print_runs
from coral_cli.registry.console import Terminal
from coral_cli.runs.overview import overview


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


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


def names(coral, *words: str) -> list[str]:
    outcome = coral("runs", *words)
    assert outcome.code == 0
    return [row[0] for row in rows(outcome.out)[1:]]


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


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (200, {"name", "state", "task", "method", "seed", "steps", "last", "best", "age", "disk"}),
        (60, {"name", "state", "steps", "best", "task", "method", "seed"}),
        (40, {"name", "state", "steps", "best"}),
    ],
)
def test_on_a_narrow_terminal_some_columns_are_left_out(width, kept, make_run, told) -> None:
    run = make_run("runs/cheetah", told.began(), told.evaluated(400, 9.0))
    screen = Screen()
    console = Terminal(file=screen, width=width, color_system=None, force_terminal=True)
    listed = Listed(overview(run.path), "cheetah-seed0", "v-coral")
    left_out = print_runs(console, [listed], datetime(2026, 1, 3, tzinfo=UTC))
    header, row = screen.getvalue().splitlines()
    assert set(header.split()) == kept
    assert not kept & set(left_out) and max(len(header), len(row)) <= width
    assert "cheetah-seed0" in row and "400/1,000" in row


def test_where_not_even_the_name_fits_every_cell_has_a_line(make_run, told) -> None:
    run = make_run("runs/a", told.began())
    screen = Screen()
    console = Terminal(file=screen, width=40, color_system=None, force_terminal=True)
    assert print_runs(console, [Listed(overview(run.path), "x" * 50)], datetime(2026, 1, 3, tzinfo=UTC)) == []
    text = screen.getvalue()
    assert max(map(len, text.splitlines())) <= 40 and text.count("x") >= 50 and "0/1,000" in text


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


def test_runs_are_removed(study, coral, tmp_path) -> None:
    outcome = coral("runs", "remove", "seed9", "runs/deep/p", "seed9", "--yes")
    assert outcome.code == 0
    assert [line.split(",")[0] for line in outcome.out.splitlines()] == ["removed runs/seed9", "removed runs/deep/p"]
    assert not (tmp_path / "runs/seed9").exists() and names(coral) == ["box", "new", "seed10", "torn"]
    [removed] = json.loads(coral("runs", "remove", "new", "--yes", "--json").out)
    assert removed["path"] == "runs/new"


def test_all_are_looked_at_before_one_is_removed(study, coral, tmp_path) -> None:
    assert coral("runs", "remove", "seed9", "torn", "--yes").code == 4
    assert (tmp_path / "runs/seed9").exists()


@pytest.mark.parametrize(
    ("answer", "gone"), [("y\n", True), ("Yes\n", True), ("\n", False), ("", False), ("no\n", False)]
)
def test_it_asks_on_a_terminal(answer, gone, study, coral, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    monkeypatch.setattr("coral_cli.commands.runs_change.asks", lambda: True)
    outcome = coral("runs", "remove", "seed9", "seed10")
    assert outcome.err.startswith("runs/seed9\nruns/seed10\nRemove these 2 runs (")
    assert (outcome.code, (tmp_path / "runs/seed9").exists()) == ((0, False) if gone else (1, True))


def test_without_a_terminal_it_does_not_guess(study, coral, tmp_path) -> None:
    outcome = coral("runs", "remove", "seed9")
    assert (outcome.code, (tmp_path / "runs/seed9").exists()) == (2, True)
    assert outcome.err.endswith("hint: Add --yes.\n")
    assert coral("runs", "remove").code == 2


def test_what_is_in_training_is_neither_removed_nor_renamed(make_run, told, coral) -> None:
    run = make_run("runs/live", told.began())
    with run.held():
        for words in (("remove", "live", "--yes"), ("rename", "live", "x")):
            outcome = coral("runs", *words)
            assert (outcome.code, outcome.err) == (2, "error: runs/live is in training.\nhint: Stop it first.\n")
    assert run.metadata.exists()


def test_what_is_no_run_is_not_removed(make_run, coral, tmp_path) -> None:
    run = make_run("runs/holder")
    make_run("runs/holder/inside")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/run.json").write_text('{"scripts": {}}')
    (tmp_path / "other/thesis").touch()
    (tmp_path / "link").symlink_to(run.path)
    for path, code, message in (
        ("other", 4, "is no run: its run.json names no assembly"),
        ("runs", 4, "is not a run"),
        ("nothing", 4, "there is no run 'nothing'"),
        ("link", 2, "is a link to "),
        ("runs/holder", 2, "holds another run, inside"),
    ):
        outcome = coral("runs", "remove", path, "--yes")
        assert outcome.code == code and message in outcome.err
    assert (tmp_path / "other/thesis").exists() and run.metadata.exists()


def test_links_in_a_run_go_and_what_they_lead_to_stays(make_run, coral, tmp_path) -> None:
    run = make_run("runs/a")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/data").touch()
    (run.path / "replay").symlink_to(tmp_path / "precious")
    (run.videos / "link").symlink_to(tmp_path / "precious/data")
    assert coral("runs", "remove", "a", "--yes").code == 0
    assert not run.path.exists() and (tmp_path / "precious/data").exists()


def test_what_an_interrupted_removal_leaves_is_still_a_run(make_run, told, coral, monkeypatch) -> None:
    make_run("runs/a", told.began())

    def interrupted(path: str) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        assert coral("runs", "remove", "a", "--yes").code == 1
    assert names(coral) == ["a"]
    assert coral("runs", "remove", "a", "--yes").code == 0


def test_a_run_is_renamed_in_its_folder(study, coral, tmp_path) -> None:
    outcome = coral("runs", "rename", "deep/p", "q")
    assert (outcome.code, outcome.out) == (0, "runs/deep/p is now runs/deep/q\n")
    assert (tmp_path / "runs/deep/q/run.json").exists()
    assert json.loads(coral("runs", "rename", "deep/q", "r", "--json").out) == {
        "from": "runs/deep/q",
        "path": "runs/deep/r",
    }


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "-x", ".hidden", "a\x1bb", "seed10", "a" * 300])
def test_what_is_no_new_name(name, study, coral, tmp_path) -> None:
    outcome = coral("runs", "rename", "--", "seed9", name)
    assert outcome.code == 2 and (tmp_path / "runs/seed9").exists()
