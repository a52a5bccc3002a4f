"""Paths stay where the command was started, and are told as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.registry.errors import UsageError
from coral_cli.registry.places import absolute, as_written, start, started, typed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_does_not_follow_the_working_directory(here, monkeypatch) -> None:
    with started():
        monkeypatch.chdir("elsewhere")
        assert absolute("run") == here / "run" and start() == here
        assert absolute("../run") == here / "../run" and absolute(here / "run") == here / "run"
    assert absolute("run") == here / "elsewhere" / "run"


def test_home_is_the_users(here, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(here / "home"))
    assert absolute("~/run") == here / "home" / "run"


@pytest.mark.parametrize("path", ["~nobody-is-called-so/run", "run\0", ""])
def test_what_is_no_path_is_an_error(path) -> None:
    with pytest.raises(UsageError):
        absolute(path)


def test_what_is_told_is_as_it_was_written(here) -> None:
    with started():
        for path in ("run", "runs/a", "../data"):
            absolute(path)
        assert as_written(here / "run") == "run"
        assert as_written(here / "run" / "checkpoints" / "latest.pt") == "run/checkpoints/latest.pt"
        assert as_written(f"there is no {here}/runs/a.") == "there is no runs/a."
        assert as_written(f"'{here}/run', {here}/../data and {here}/run") == "'run', ../data and run"


def test_the_directory_itself_is_told_by_its_dot(here) -> None:
    with started():
        absolute(".")
        assert as_written(here / "run" / "x") == "run/x"
        assert as_written(f"{here} holds no runs, nor does {here}2.") == f". holds no runs, nor does {here}2."


def test_other_names_are_told_in_full(here) -> None:
    with started():
        absolute("run")
        for path in (f"{here}/run2", f"{here}/run.pt", f"{here}/run-2", f"/mnt{here}/run", f"{here}/other", str(here)):
            assert as_written(path) == path


def test_an_absolute_path_is_told_as_such(here) -> None:
    with started():
        assert as_written(absolute(here / "run")) == str(here / "run")
    assert as_written(absolute("run")) == str(here / "run")  # nothing was started


def test_nothing_is_left_of_a_command(here) -> None:
    with started():
        absolute("run")
        with started(here / "elsewhere"):
            assert as_written(here / "run") == str(here / "run")
            assert absolute("run") == here / "elsewhere" / "run"
        assert as_written(here / "run") == "run"
    assert as_written(here / "run") == str(here / "run")


def test_a_directory_that_is_gone_stops_only_what_is_seen_from_it(here, monkeypatch) -> None:
    monkeypatch.chdir("elsewhere")
    (here / "elsewhere").rmdir()
    with started():
        assert absolute(here / "run") == here / "run"


def test_the_command_is_known_as_it_was_typed() -> None:
    assert typed() is None
    with started(command=("coral", "train", "--out", "my runs/a")):
        assert typed() == "coral train --out 'my runs/a'"
        with started():
            assert typed() is None
        assert typed() == "coral train --out 'my runs/a'"
    assert typed() is None
