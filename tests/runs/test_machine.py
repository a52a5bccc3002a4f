"""What the computer is, whether it is busy, and which commit runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from coral_cli.runs.machine import busy, machine, processor
from coral_cli.runs.source import commit


def test_the_machine_is_described_as_json():
    facts = machine()
    assert facts["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert facts["cpus"] >= 1 and facts["cpu"] == processor()
    json.dumps(facts)
    if "torch" in sys.modules:
        assert facts["torch"] == str(sys.modules["torch"].__version__)


def test_the_processor_has_a_name(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Fast One @ 3 GHz\nprocessor\t: 1\nmodel name\t: Fast One @ 3 GHz\n")
    assert processor(info) == "Fast One @ 3 GHz"
    assert processor(tmp_path / "nothing") != ""


@pytest.mark.parametrize(
    ("load", "processors", "seconds", "told"),
    [
        (0.2, 2, 0.0, ""),
        (2.0, 2, 600.0, ""),  # which is this process
        (2.9, 2, 600.0, ""),
        (3.0, 2, 600.0, "load 3.0 on 2 processors"),  # the others want one of the two
        (2.0, 2, 30.0, "load 2.0 on 2 processors"),  # of which this one can be a half
        (1.4, 2, 30.0, ""),
        (1.5, 1, 1e6, "load 1.5 on 1 processor"),
        (90.0, 64, 1e6, ""),
    ],
)
def test_the_machine_is_busy_where_others_want_half_of_it(monkeypatch, load, processors, seconds, told):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    monkeypatch.setattr(time, "process_time", lambda: seconds)
    assert busy() == told


def test_a_system_that_does_not_tell_its_load_is_not_called_busy(monkeypatch):
    def refuse():
        raise OSError

    monkeypatch.setattr(os, "getloadavg", refuse)
    assert busy() == ""


def git(place, *words):
    names = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(["git", *names, *words], cwd=place, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path):
    try:
        git(tmp_path, "init", "clone")
    except FileNotFoundError:
        pytest.skip("there is no git")
    git(tmp_path / "clone", "commit", "--allow-empty", "-m", "first")
    return tmp_path / "clone"


def test_the_commit_is_gits(clone, tmp_path):
    """On a branch, with it packed, without a branch, and in a second work tree with a branch of its own."""
    first = git(clone, "rev-parse", "HEAD")
    assert commit(clone) == first
    git(clone, "pack-refs", "--all")
    assert commit(clone) == first
    git(clone, "checkout", "--detach")
    assert commit(clone) == first
    git(clone, "worktree", "add", "-b", "side/way", str(tmp_path / "second"))
    git(tmp_path / "second", "commit", "--allow-empty", "-m", "second")
    second = git(tmp_path / "second", "rev-parse", "HEAD")
    assert second != first and (commit(tmp_path / "second"), commit(clone)) == (second, first)
    git(clone, "pack-refs", "--all")
    assert commit(tmp_path / "second") == second


def test_where_nothing_is_checked_out_there_is_no_commit(tmp_path):
    assert commit(tmp_path) is None
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit(tmp_path) is None, "of a clone that has none yet"
    (tmp_path / ".git" / "HEAD").write_text("no number\n")
    assert commit(tmp_path) is None
