"""Jobs as submitit's local executor has them: cut off, put back, gone on with."""

import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from coral_cli.plugin import Job
from coral_cli.testing import check_engine, run
from coral_engine_slurm import build, coral_engines

pytest.importorskip("submitit")

(RECORD,) = coral_engines()
LOCAL = replace(RECORD.options, cluster="local")

PROGRAM = """
import os, pathlib, signal, sys, time
def save(*_):
    pathlib.Path("saved").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
resumed = os.path.exists("saved")
print("resumed" if resumed else "new", os.environ["OMP_NUM_THREADS"], os.environ.get("PYTHONSAFEPATH"), flush=True)
if not resumed:
    os.kill(os.getppid(), getattr(signal, sys.argv[1]))  # as Slurm does when the time is nearly up, or a node is wanted
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def until(engine, *expected):
    end = time.monotonic() + 200
    while (status := engine.poll()["a"]).state not in expected and time.monotonic() < end:
        time.sleep(0.1)
    assert status.state in expected, status
    return status


def job(folder: Path, program: str, *words: str) -> Job:
    return Job("a", (sys.executable, "-c", program, *words), folder, folder / "log")


@pytest.mark.slow
def test_the_contract_holds():
    check_engine(RECORD, LOCAL)


def test_a_run_whose_time_is_nearly_up_saves_and_goes_on_by_itself(tmp_path):
    engine = build(LOCAL, tmp_path, 1)
    engine.submit([job(tmp_path, PROGRAM, "SIGUSR2")])
    until(engine, "done", "failed", "preempted")
    assert (tmp_path / "log").read_text().splitlines() == ["new 1 None", "resumed 1 None"]
    assert engine.poll()["a"].state == "done"


def test_a_run_whose_machine_is_wanted_saves_and_may_be_submitted_again(tmp_path):
    engine = build(LOCAL, tmp_path, 1)
    engine.submit([job(tmp_path, PROGRAM, "SIGTERM")])
    assert until(engine, "done", "failed", "preempted").state == "preempted"
    engine.submit([job(tmp_path, PROGRAM, "SIGTERM")])
    assert until(engine, "done", "failed", "preempted").state == "done"
    assert [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()] == ["new", "resumed"]


def test_what_runs_on_is_found_by_the_next_process(tmp_path):
    wait = "import os, time\nprint('begun', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)"
    first, second = build(LOCAL, tmp_path, 1), build(LOCAL, tmp_path, 1)
    first.submit([job(tmp_path, wait)])
    until(first, "running")
    first.close()
    second = build(LOCAL, tmp_path, 1)
    second.submit([job(tmp_path, wait)])
    assert until(second, "running", "done").state == "running"
    (tmp_path / "go").touch()
    assert until(second, "done", "failed", "preempted").state == "done"
    assert until(first, "done").state == "done"  # and takes leave of its process
    assert (tmp_path / "log").read_text() == "begun\n"


ENVIRONMENT = """
import os, signal
import gymnasium
import numpy as np


class Wanted(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    steps = 0

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        Wanted.steps += 1
        if Wanted.steps == 30 and not os.path.exists("cut off"):
            open("cut off", "w").close()
            os.kill(os.getppid(), signal.SIGUSR2)
        self.left -= 1
        return np.zeros(3, np.float32), 0.5, False, self.left == 0, {}
"""


@pytest.mark.slow
def test_a_training_is_cut_off_put_back_and_done(tmp_path, monkeypatch):
    (tmp_path / "wanted_env.py").write_text(ENVIRONMENT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CORAL_PLUGINS", "")
    pace = "--size tiny --random-episodes 1 --updates-per-step 0.1 --batch-length 4 --batch-size 2 --steps 48"
    words = "--env wanted_env:Wanted --on slurm --slurm.cluster local --out sweep"
    outcome = run(f"sweep {words} -- {pace}", [RECORD])
    assert outcome.code == 0, outcome.err
    assert "48/48" in outcome.out and "done" in outcome.out
    (log,) = (tmp_path / "sweep" / "logs").iterdir()
    told = re.findall(r"started|interrupted at step|resumed|done at step \d+", log.read_text())
    assert told == ["started", "interrupted at step", "resumed", "done at step 48"]
