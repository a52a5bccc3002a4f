"""What a run cannot go on with is said in a sentence, and leaves all its files as they were: the right resume works."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

from .pace import PACE

ENVIRONMENT = """
import os

import gymnasium
import numpy as np


class Sized(gymnasium.Env):
    def __init__(self):
        observed, acted = (int(os.environ.get(name, 3)) for name in ("TEST_OBSERVED", "TEST_ACTED"))
        self.observation_space = gymnasium.spaces.Box(-1, 1, (observed,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, (acted,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return np.zeros(self.observation_space.shape, np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.zeros(self.observation_space.shape, np.float32), 0.0, False, self.left == 0, {}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run of two episodes of 9 transitions."""
    (tmp_path / "sized_env.py").write_text(ENVIRONMENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sized_env", raising=False)
    path = tmp_path / "run"
    words = f"train --env sized_env:Sized {PACE} --steps 16 --out {path} --quiet"
    assert main(words.split()) == 0
    return path


def resume(run: Path, steps: int = 24) -> int:
    return main(["train", "--resume", str(run), "--env", "sized_env:Sized", "--steps", str(steps), "--quiet"])


def contents(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("TEST_OBSERVED", "2", "knows the sensor proprio as vector 3, but here it is vector 2."),
        ("TEST_OBSERVED", "5", "knows the sensor proprio as vector 3, but here it is vector 5."),
        ("TEST_ACTED", "1", "knows an action as 3 numbers, but here it is 1 number."),
    ],
)
def test_another_size_is_refused_and_the_right_one_goes_on(name, size, message, run, monkeypatch, capsys) -> None:
    before = contents(run)
    monkeypatch.setenv(name, size)
    assert resume(run) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"error: {run} {message}",
        "hint: Go on with the environment, or the data, that the run was started with.",
    ]
    assert contents(run) == before
    monkeypatch.delenv(name)
    assert resume(run) == 0
    assert load(run / "checkpoints" / "latest.pt")[1]["progress"]["steps"] == 24


def test_weights_that_do_not_fit_are_refused_before_the_replay_is_opened(run, monkeypatch, capsys) -> None:
    def refuse(self, weights):
        raise RuntimeError("size mismatch\n\tfor rssm.gru")

    before = contents(run)
    with monkeypatch.context() as patched:
        patched.setattr("coral_cli.training.agent.Agent.load_weights", refuse)
        assert resume(run, 200_000) == 4
    assert "does not fit its own assembly (size mismatch for rssm.gru)." in capsys.readouterr().err
    assert contents(run) == before


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_a_run_survives_its_index_and_says_so(harm, run) -> None:
    index = run / "replay" / "index.json"
    index.unlink() if harm == "lost" else index.write_text(json.dumps({"capacity": 1}))
    assert resume(run) == 0
    (warning,) = (e.values["message"] for e in read_metrics(run / "metrics.jsonl") if e.kind == "warning")
    assert "Going on from its copy." in warning
    assert load(run / "checkpoints" / "latest.pt")[1]["replay"] == {"next_serial": 3, "size": 27}


def test_a_replay_that_was_cut_short_is_said(run, capsys) -> None:
    file = run / "replay" / "proprio.bin"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    before = contents(run)
    assert resume(run) == 4
    assert f"error: {file} of the replay is missing or was cut short." in capsys.readouterr().err
    assert contents(run) == before
    file.write_bytes(whole)
    assert resume(run) == 0


def test_a_lost_replay_leaves_nothing_in_its_place(run, tmp_path, capsys) -> None:
    shutil.move(run / "replay", tmp_path / "elsewhere")
    assert resume(run) == 4
    assert "run/replay holds no index of the replay: neither index.json nor index.copy.json" in capsys.readouterr().err
    assert not (run / "replay").exists()
    shutil.move(tmp_path / "elsewhere", run / "replay")
    assert resume(run) == 0
