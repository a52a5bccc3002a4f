"""``coral runs remove``: what goes, what stays, and when it asks."""

from __future__ import annotations

import io
import json

import pytest

from .listed import names


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
