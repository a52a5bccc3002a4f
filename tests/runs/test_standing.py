"""What a run has come to, from its files alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event
from coral_cli.runs import standing as module
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import to_line
from coral_cli.runs.standing import standing


@pytest.fixture
def run(tmp_path):
    run = RunDirectory.create(tmp_path / "run", "")
    run.write_metadata({})
    return run


def write(run, *events):
    with run.metrics.open("a") as file:
        file.write("".join(to_line(event) + "\n" for event in events))


def start(step=0, seconds=0.0, resumed=False):
    return Event("start", step, seconds, {"name": "x", "resumed": resumed})


def evaluation(step, value, seconds=None):
    return Event("evaluation", step, float(step if seconds is None else seconds), {"return/mean": value})


def end(step, status="done", best=None):
    return Event("end", step, float(step), {"status": status, "seconds": float(step), "best_return": best})


@pytest.mark.parametrize(
    ("status", "state"), [("done", "done"), ("failed", "failed"), ("interrupted", "stopped"), ("?", "stopped")]
)
def test_how_a_run_ended(run, status, state):
    write(run, start(), end(100, status), Event("warning", 100, 100.0, {"message": "an observer failed"}))
    stands = standing(run)
    assert (stands.state, stands.step, stands.end.values["status"]) == (state, 100, status)


def test_a_run_whose_process_has_died_is_not_in_training(run):
    write(run, start(), evaluation(50, 3.0))
    assert standing(run).state == "stopped" and standing(run).end is None
    with run.held():
        assert standing(run).state == "training"
    assert standing(run).state == "stopped"


def test_a_run_that_goes_on_after_its_end_is_in_training_before_it_has_said_so(run):
    write(run, start(), end(100))
    with run.held():
        assert standing(run).state == "training" and standing(run).end is None


def test_another_process_that_is_killed_leaves_no_lock(run):
    write(run, start())
    program = (
        "import sys, time; from pathlib import Path; from coral_cli.runs.directory import RunDirectory\n"
        "with RunDirectory(Path(sys.argv[1])).held(): print('held', flush=True); time.sleep(600)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(run.path)], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    assert standing(run).state == "training"
    other.kill()
    other.communicate()
    assert standing(run).state == "stopped"


def test_who_only_looks_keeps_nobody_from_training(run):
    assert run.is_held() is False
    with run.held():
        assert run.is_held() is True


def test_without_locks_a_run_that_has_spoken_lately_is_in_training(run, monkeypatch):
    monkeypatch.setattr(RunDirectory, "is_held", lambda self: None)
    assert standing(run).state == "training", "it has been begun just now"
    write(run, start())
    assert standing(run).state == "training"
    os.utime(run.metrics, (0, time.time() - 2 * module.QUIET))
    assert standing(run).state == "stopped"
    write(run, end(10))
    assert standing(run).state == "done"


def test_a_run_without_metrics(run):
    stands = standing(run)
    assert (stands.state, stands.step, stands.last, stands.best) == ("stopped", 0, None, None)


def test_the_last_and_the_best_return(run):
    write(run, start(), evaluation(10, 1.0), evaluation(20, 5.0), evaluation(30, None), evaluation(40, 2.0))
    assert (standing(run).last, standing(run).best) == (2.0, 5.0)
    write(run, end(50, best=7.0))  # of a part of the file that need not be read
    assert (standing(run).last, standing(run).best) == (2.0, 7.0)


def test_what_was_repeated_counts_once(run):
    """Saved at 20; 30 and 40 were lost; then it went on from 20, to 25."""
    lost = [evaluation(30, 90.0), evaluation(40, 80.0), end(40, "interrupted", best=90.0)]
    write(run, start(), evaluation(10, 4.0), evaluation(20, 3.0), *lost, start(20, 20.0, resumed=True))
    assert (standing(run).step, standing(run).last, standing(run).best) == (20, 3.0, 4.0)
    write(run, evaluation(25, 1.0))
    assert (standing(run).step, standing(run).last, standing(run).best) == (25, 1.0, 4.0)


def test_what_an_earlier_end_told_is_not_looked_for_again(run):
    write(run, start(), evaluation(10, 4.0), end(20, "interrupted", best=6.0), start(20, 20.0, resumed=True))
    assert (standing(run).state, standing(run).last, standing(run).best) == ("stopped", 4.0, 6.0)


def test_of_a_long_run_the_end_is_read_alone(run, monkeypatch):
    updates = [Event("update", step, float(step), {"loss/kl": 1.0}) for step in range(3000)]
    write(run, start(), *updates, evaluation(3000, 1.0), end(3000, best=1.0))
    parsed = []
    monkeypatch.setattr(module, "event_of", lambda line, known=module.event_of: parsed.append(line) or known(line))
    assert standing(run).best == 1.0
    assert len(parsed) == 2


def test_damaged_lines_are_passed_over_and_a_file_of_them_is_told(run):
    run.metrics.write_bytes(b"\xff\n{}\n")
    with pytest.raises(UnreadableError, match="no line of it is an event"):
        standing(run)
    write(run, evaluation(10, 4.0))
    with run.metrics.open("ab") as file:
        file.write(b'nonsense\n{"kind": "evaluation", "step": 1e999}\n{"kind": "end", "partial')
    assert (standing(run).step, standing(run).last) == (10, 4.0)
