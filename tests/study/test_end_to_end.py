"""Two trainings from one line, by processes of their own; stopped, resumed, looked at, and added to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.report.reading import read
from coral_cli.runs.finding import find

ENVIRONMENT = """
import os, time
import gymnasium
import numpy as np


class Still(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        time.sleep(0.1 if os.path.exists("slow") else 0)
        self.left -= 1
        return np.zeros(3, np.float32), 0.5, False, self.left == 0, {}
"""
RUNS = "--env still_env:Still --rssm.gru 8 --rssm.gru 16 --jobs 2 --measure 0 --out sweep"
PACE = (
    "--size tiny --random-episodes 1 --updates-per-step 0.1 --eval-every 1 --eval-episodes 1 --batch-length 4 "
    "--batch-size 2 --checkpoint-every 1"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "still_env.py").write_text(ENVIRONMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORAL_PLUGINS", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))  # jobs are not started here
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "still_env", raising=False)
    return tmp_path


def sweep(steps: int, *words: str) -> int:
    return main(["sweep", *RUNS.split(), *words, "--", *PACE.split(), "--steps", str(steps)])


def test_two_runs_are_trained_and_then_left_alone(capsys) -> None:
    assert sweep(16) == 0
    lines = [line.split()[:4] for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == [["gru8-seed0", "done", "16/16", "4.00"], ["gru16-seed0", "done", "16/16", "4.00"]]
    found = [read(run, "return") for run in find([Path("sweep")])]
    assert [(run.path.name, run.flags["rssm.gru"], run.values[-1]) for run in found] == [
        ("gru16-seed0", 16, 4.0),
        ("gru8-seed0", 8, 4.0),
    ]
    assert "done at step 16" in Path("sweep/logs/gru8-seed0.log").read_text()
    before = {path: path.read_bytes() for path in Path("sweep").rglob("*") if path.is_file()}
    assert main(["sweep", "--resume", "sweep", "--env", "still_env:Still", "--json"]) == 0
    plan, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert [run["state"] for run in plan["runs"]] == ["done", "done"] and plan["eta_range_seconds"] == [0.0, 0.0]
    assert end == {"kind": "end", "done": 2, "failed": 0, "stopped": 0, "pending": 0, "exit_code": 0}
    assert before == {path: path.read_bytes() for path in Path("sweep").rglob("*") if path.is_file()}


@pytest.mark.slow
def test_sigterm_saves_what_runs_and_more_steps_are_asked_for_later(capsys) -> None:
    Path("slow").touch()
    program = [sys.executable, "-m", "coral_cli", "sweep", *RUNS.split(), "--", *PACE.split(), "--steps", "4000"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        checkpoints = [Path(f"sweep/{name}/checkpoints/latest.pt") for name in ("gru8-seed0", "gru16-seed0")]
        end = time.monotonic() + 200
        while not all(path.exists() for path in checkpoints) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    assert process.returncode == 143, err
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["stopped", "stopped"]
    command = "coral sweep --resume sweep --jobs 2 --env still_env:Still"
    assert err.splitlines()[-1] == f"stopped; go on with: {command}"
    Path("slow").unlink()
    saved = max(read(path, "return").steps[-1] for path in find([Path("sweep")]))
    assert sweep(saved + 16) == 0
    starts = [
        [
            event["values"]["resumed"]
            for event in map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
            if event["kind"] == "start"
        ]
        for run in find([Path("sweep")])
    ]
    assert starts == [[False, True], [False, True]]


@pytest.mark.slow
def test_before_anything_is_written_a_dry_run_has_measured_it(capsys) -> None:
    assert sweep(16, "--measure", "2", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    low, high = plan["eta_range_seconds"]
    assert 0 < low < high and plan["kind"] == "plan" and plan["out"] == "sweep"
    assert sorted(path.name for path in Path().iterdir() if path.name != "__pycache__") == ["still_env.py"]


def transfer(steps: int, *words: str) -> int:
    line = "--env still_env:Still --source random --init-parts encoders --way frozen --seeds 1 --measure 0 --out moved"
    own = [*PACE.split(), "--steps", str(steps), "--method", "recon-same"]
    return main(["study", "transfer", *line.split(), *words, "--", *own])


@pytest.mark.slow
def test_weights_are_taken_over_from_a_run_that_was_waited_for_and_the_study_grows(capsys) -> None:
    assert transfer(16, "--jobs", "2") == 0
    told = capsys.readouterr().out
    assert "scratch         4.00" in told and "random, frozen  1.00" in told
    target = Path("moved/random-encoders-frozen-seed0")
    events = [json.loads(line) for line in (target / "metrics.jsonl").read_text().splitlines()]
    notes = [event["values"]["message"] for event in events if event["kind"] == "note"]
    assert any("weights taken over from" in note and "moved/from-random-seed0" in note for note in notes)
    assert transfer(24) == 2  # the source would go on, too
    error = "error: moved holds another sweep: it has from-random-seed0, whose weights others have begun with"
    assert capsys.readouterr().err.startswith(error)
    assert transfer(24, "--source-steps", "16") == 0
    steps = {run.path.name: run.steps[-1] for run in (read(path, "return") for path in find([Path("moved")]))}
    assert steps == {"from-random-seed0": 16, "scratch-seed0": 40, "random-encoders-frozen-seed0": 24}
    starts = [
        json.loads(line)["values"]["resumed"]
        for line in (target / "metrics.jsonl").read_text().splitlines()
        if '"kind": "start"' in line
    ]
    assert starts == [False, True]
