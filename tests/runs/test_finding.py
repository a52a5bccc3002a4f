"""Which runs there are, what a word names, and what a run takes on the disk."""

from __future__ import annotations

import os

import pytest

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs.finding import agents_in, below, disk_space, named


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make(path):
    path.mkdir(parents=True)
    (path / "run.json").write_text("{}")
    return path


def test_links_lead_to_no_runs(tmp_path):
    inside, outside = make(tmp_path / "a/inside"), make(tmp_path / "b/outside")
    (tmp_path / "a/link").symlink_to(outside)
    assert list(below(tmp_path / "a")) == [inside]


def test_a_folder_of_runs_stands_for_them_and_all_else_for_itself(tmp_path):
    first, second = make(tmp_path / "sweep/a"), make(tmp_path / "sweep/b")
    (tmp_path / "sweep/logs").mkdir()
    (tmp_path / "sweep/plan.json").write_text("{}")
    (first / "checkpoints").mkdir()
    others = [first / "checkpoints", tmp_path / "alone.pt", tmp_path / "nothing"]
    assert agents_in([second, tmp_path / "sweep", *others]) == (second, first, *others)


def test_a_word_is_a_path_or_a_name_in_the_folder_of_runs(tmp_path):
    there, elsewhere = make(tmp_path / "runs/study/there"), make(tmp_path / "elsewhere")
    assert named("study/there").path.samefile(there)
    assert named("runs/study/there").path.samefile(there)
    assert named("elsewhere").path.samefile(elsewhere)


def test_a_folder_called_like_a_run_does_not_hide_it(tmp_path):
    run = make(tmp_path / "runs/walker")
    (tmp_path / "walker").mkdir()
    assert named("walker").path.samefile(run)


def test_what_is_misspelt_is_told_what_it_may_mean(tmp_path):
    make(tmp_path / "runs/walker")
    with pytest.raises(UnreadableError, match="no run 'wakler'") as error:
        named("wakler")
    assert error.value.hint == "Did you mean walker?"
    with pytest.raises(UnreadableError) as error:
        named("x")
    assert error.value.hint == "`coral runs` lists those that there are."


def test_room_on_the_disk(tmp_path):
    """What is written counts, not what a sparse file could hold; a file of two names once; what a link leads to not."""
    run, other = make(tmp_path / "run"), tmp_path / "other"
    other.write_bytes(os.urandom(1 << 20))
    empty = disk_space(run)
    (run / "checkpoints").mkdir()
    (run / "checkpoints/a").write_bytes(os.urandom(1 << 18))
    os.sync()
    once = disk_space(run)
    assert empty + (1 << 18) <= once < empty + (1 << 18) + 50_000
    os.link(run / "checkpoints/a", run / "checkpoints/b")
    (run / "link").symlink_to(other)
    with (run / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert disk_space(run) < once + 50_000
    assert disk_space(tmp_path / "none") == 0
