"""What a user's own code does wrong, or prints: errors say where, nothing is left behind, documents stay whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli.app import main

PACE = "--size tiny --random-episodes 1 --updates-per-step 0.1 --eval-every 0 --batch-length 4 --batch-size 2"

LOSS = """
from coral_cli.plugin import Loss, hookimpl


def build(options, sensor, embedding_size, feature_size):
    import torch

    class Broken(torch.nn.Module):
        def forward(self, batch):
            return batch.embedding @ torch.zeros(3, 4), {}

    return Broken()


@hookimpl
def coral_losses():
    yield Loss("broken", "Multiplies what does not fit.", build, sensors=("vector",))
"""

ENVIRONMENT = """
import ctypes
import multiprocessing
import os

import gymnasium
import numpy as np


class Loud(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        print("reset")
        os.write(1, b"straight to the descriptor\\n")
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        print("step")
        ctypes.CDLL(None).printf(b"kept back in C\\n")
        self.left -= 1
        return np.zeros(3, np.float32), 0.0, False, self.left == 0, {}


class Broken(Loud):
    def step(self, action):
        return self.nothing


class BrokenElsewhere(Loud):
    def step(self, action):
        return super().step(action) if multiprocessing.parent_process() is None else self.nothing
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "broken_loss.py").write_text(LOSS)
    (tmp_path / "users_env.py").write_text(ENVIRONMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "users_env", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("--plugin broken_loss.py --proprio-loss broken --env cartpole-swingup", "broken_loss.py, line 10"),
        ("--env users_env:Broken", "users_env.py, line 29"),
    ],
)
def test_an_error_names_the_users_line_and_the_run_leaves_its_name_free(words, place, code, capsys) -> None:
    assert main(f"train {words} {PACE} --steps 100 --out run".split()) == 1
    error = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert error.endswith(f"{code.name}/{place})")
    assert not (code / "run").exists()


def test_an_error_of_another_process_names_the_users_line_as_well(code, capsys) -> None:
    assert main(f"train --env users_env:BrokenElsewhere --envs 2 {PACE} --steps 100 --out run".split()) == 1
    error = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert error.startswith("error: copy 0 of the environment raised AttributeError: ")
    assert error.endswith(f"{code.name}/users_env.py, line 34)")


@pytest.mark.parametrize("envs", [1, 2])
def test_what_an_environment_prints_is_in_no_document(envs: int, code: Path, monkeypatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it, C keeps nothing back either
    words = f"train --env users_env:Loud {PACE} --steps 32 --envs {envs} --out run --json".split()
    ended = subprocess.run([sys.executable, "-m", "coral_cli", *words], capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert events[0]["kind"] == "start" and events[-1]["kind"] == "end"
    assert ended.stderr.count("straight to the descriptor") >= 4 and "reset" in ended.stderr
    words = ["eval", "run", "--episodes", "1", "--env", "users_env:Loud", "--json"]
    ended = subprocess.run([sys.executable, "-m", "coral_cli", *words], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["checkpoint"].endswith("latest.pt")
