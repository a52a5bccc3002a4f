"""What a user's own code does wrong, or prints: errors say where, nothing is left behind, documents stay whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

from .pace import PACE

FAULTS = """
from coral_cli.plugin import Distraction, Encoder, Loss, NoOptions, Policy, hookimpl


def faulty(size, at, error):
    import torch

    class Faulty(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.size, self.calls = torch.nn.Linear(3, 4), size, 0

        def forward(self, given):
            self.calls += 1
            if self.calls > at and isinstance(error, BaseException):
                raise error
            if size:
                return self.linear(given) / (error if self.calls > at else 1)
            return given.embedding.mean() / (error if self.calls > at else 1), {}

    return Faulty()


class Noisy:
    def begin(self, random, scene):
        pass

    def prepare(self, scene):
        pass

    def change(self, value, scene):
        raise KeyError("no such noise")


@hookimpl
def coral_encoders():
    for name, at, error in (("raises", 40, ValueError("dark")), ("leaves", 40, SystemExit(0)), ("infinite", 40, 0)):
        yield Encoder(name, "Fails.", lambda o, s, a=at, e=error: faulty(4, a, e), sensors=("vector",))


@hookimpl
def coral_losses():
    yield Loss("zero", "Fails.", lambda options, *sizes: faulty(0, 4, 0), sensors=("vector",))


@hookimpl
def coral_distractions():
    yield Distraction("noisy", "Fails.", lambda options, sensor, split: Noisy(), sensors=("vector",))
"""

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


class Leaves(Loud):
    steps = 0

    def step(self, action):
        Leaves.steps += 1
        if Leaves.steps > 30:
            raise SystemExit(0)
        return super().step(action)


class LeavesAtOnce(Loud):
    def __init__(self):
        raise SystemExit(0)


class LeavesElsewhere(Loud):
    def step(self, action):
        if multiprocessing.parent_process() is not None:
            raise SystemExit(0)
        return super().step(action)


class DiesElsewhere(Loud):
    steps = 0

    def step(self, action):
        self.steps += 1
        if multiprocessing.parent_process() is not None and self.steps == 12:
            os.kill(os.getpid(), 9)
        return super().step(action)


class BrokenElsewhere(Loud):
    def step(self, action):
        return super().step(action) if multiprocessing.parent_process() is None else self.nothing
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "broken_loss.py").write_text(LOSS)
    (tmp_path / "users_env.py").write_text(ENVIRONMENT)
    (tmp_path / "faults.py").write_text(FAULTS)
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
    assert error.startswith("error: copy 0 of environment users_env:BrokenElsewhere raised AttributeError: ")
    assert error.endswith(f"{code.name}/users_env.py, line 66)")


def failed(words: str, capsys) -> list[str]:
    """What a training of up to 200 steps says on standard error, with exit code 1."""
    words = f"train --plugin faults.py {words} {PACE} --steps 200 --checkpoint-every 100 --out run --quiet"
    assert main(words.split()) == 1
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("saved", "not", "error"))]


@pytest.mark.parametrize(
    ("words", "name", "raised"),
    [
        ("--env users_env:Leaves", "environment users_env:Leaves", "SystemExit: 0"),
        ("--env users_env:Loud --proprio-encoder raises", "encoder raises (--proprio-encoder)", "ValueError: dark"),
        ("--env users_env:Loud --proprio-encoder leaves", "encoder leaves (--proprio-encoder)", "SystemExit: 0"),
        (
            "--env users_env:LeavesElsewhere --envs 2",
            "copy 0 of environment users_env:LeavesElsewhere",
            "SystemExit: 0",
        ),
    ],
)
def test_whatever_ends_a_run_is_named_and_what_it_came_to_is_saved(words, name, raised, code, capsys) -> None:
    saved, error = failed(words, capsys)
    assert saved.startswith(
        "saved as it was before the error; once that is mended, go on with: coral train --resume run"
    )
    assert error.startswith(f"error: {name} raised {raised} (") and ".py, line " in error
    state = load(code / "run" / "checkpoints" / "latest.pt")[1]
    events = read_metrics(code / "run" / "metrics.jsonl")
    episodes = sum(event.kind == "episode" for event in events)
    assert state["progress"]["episodes"] == state["replay"]["next_serial"] == episodes
    assert (
        events[-1].values["status"] == "failed"
        and events[-2].values["message"] == error[len("error: ") :].rsplit(" (", 1)[0]
    )


def test_a_distraction_is_named_as_well(code, capsys) -> None:
    (error,) = failed("--env users_env:Loud --distraction noisy", capsys)
    assert error.startswith("error: distraction noisy raised KeyError: 'no such noise' (")
    assert not (code / "run").exists()  # it had not begun


def test_a_run_goes_on_from_what_was_saved_before_the_error(code, capsys) -> None:
    failed("--env users_env:Leaves", capsys)
    import users_env

    users_env.Leaves.steps = -1000
    assert (
        main(
            [
                "train",
                "--resume",
                "run",
                "--env",
                "users_env:Leaves",
                "--plugin",
                "faults.py",
                "--steps",
                "64",
                "--quiet",
            ]
        )
        == 0
    )
    steps = [event.step for event in read_metrics(code / "run" / "metrics.jsonl") if event.kind == "episode"]
    assert steps == [8, 16, 24, 32, 40, 48, 56, 64]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("--proprio-encoder infinite", "encoder infinite (--proprio-encoder): an embedding is not finite."),
        ("--proprio-loss zero", "loss zero (--proprio-loss): its value is not finite."),
    ],
)
def test_numbers_that_are_none_are_told_by_where_they_begin_and_not_saved(words, name, code, capsys) -> None:
    said, error = failed(f"--env users_env:Loud {words}", capsys)
    assert said == "nothing was saved"
    assert "is not a finite number after" in error and error.endswith(f"updates; it begins in {name}")
    assert not list((code / "run" / "checkpoints").iterdir())


def test_a_copy_that_dies_is_replaced_and_told(code) -> None:
    assert (
        main(f"train --env users_env:DiesElsewhere --envs 1 --collect async {PACE} --steps 16 --out run".split()) == 0
    )
    events = read_metrics(code / "run" / "metrics.jsonl")
    (warning,) = (event.values["message"] for event in events if event.kind == "warning")
    assert warning.startswith("copy 0 of environment users_env:DiesElsewhere died (SIGKILL); a new one is in its place")
    assert [event.values["length"] for event in events if event.kind == "episode"] == [8, 8]


@pytest.mark.parametrize("command", ["eval run --env users_env:Leaves", "envs show users_env:LeavesAtOnce"])
def test_no_command_ends_as_if_all_were_well(command, code, capsys) -> None:
    import users_env

    users_env.Leaves.steps = -1000
    assert main(f"train --env users_env:Leaves {PACE} --steps 16 --out run --quiet".split()) == 0
    users_env.Leaves.steps = 30
    capsys.readouterr()
    assert main(command.split()) != 0
    assert "SystemExit: 0" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("envs", [1, pytest.param(2, marks=pytest.mark.slow)])
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
