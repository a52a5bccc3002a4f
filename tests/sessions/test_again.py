"""The same command from any moment on: whatever ended a run, and wherever, ``--auto-resume`` starts it or goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import read_metrics

from .pace import PACE

ENVIRONMENT = """
import gymnasium
import numpy as np


class Still(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.zeros(3, np.float32), 0.0, False, self.left == 0, {}
"""

COMMAND = ["train", "--env", "still_env:Still", *PACE.split(), "--out", "run", "--quiet"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "still_env.py").write_text(ENVIRONMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "still_env", raising=False)
    return tmp_path


def train(steps: int, *words: str) -> int:
    return main([*COMMAND, "--auto-resume", "--steps", str(steps), *words])


def contents(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def steps_done(run: Path = Path("run")) -> int:
    return int(load(run / "checkpoints" / "latest.pt")[1]["progress"]["steps"])


def test_one_command_starts_goes_on_and_has_nothing_to_do(capsys) -> None:
    assert train(20) == 0 and steps_done() == 24  # three episodes of eight
    first = contents(Path("run"))
    assert train(20) == 0 and train(24) == 0
    assert contents(Path("run")) == first  # nothing was left to do, although the budget was overshot
    assert train(40) == 0 and steps_done() == 40
    starts = [event.values["resumed"] for event in read_metrics(Path("run/metrics.jsonl")) if event.kind == "start"]
    assert starts == [False, True]
    assert json.loads(Path("run/run.json").read_text())["assembly"]["settings"]["steps"] == 40
    assert capsys.readouterr().err == ""


def test_nothing_to_do_is_a_sentence_also_for_a_plain_resume(capsys) -> None:
    assert train(24) == 0
    before = contents(Path("run"))
    for steps in ("24", "0.024k"):
        assert main(["train", "--resume", "run", "--env", "still_env:Still", "--steps", steps]) == 0
        assert "nothing to do: the run has done its steps; a higher --steps goes on" in capsys.readouterr().err
    assert contents(Path("run")) == before
    assert main(["train", "--resume", "run", "--env", "still_env:Still", "--json"]) == 0
    (end,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (end["kind"], end["step"], end["values"]["status"]) == ("end", 24, "done")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "3"], "--seed is 3, but the run in run was started with 0."),
        (["--rssm.gru", "32"], "--rssm.gru is 32, but the run in run was started with 64."),
        (["--proprio-loss", "none"], "--proprio-loss is none, but the run in run was started with recon."),
        (["--env", "cartpole-swingup"], "--env is cartpole-swingup, but the run in run was started with still_env:"),
    ],
)
@pytest.mark.parametrize("saved", [True, False])
def test_a_run_with_other_options_is_refused_and_stays(words, message, saved, capsys) -> None:
    assert train(24) == 0
    if not saved:
        for checkpoint in Path("run/checkpoints").iterdir():
            checkpoint.unlink()
    before = contents(Path("run"))
    assert train(24, *words) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {message}") and hint.startswith("hint: Choose another --out")
    assert contents(Path("run")) == before


def test_an_option_that_is_left_out_is_another_one_too(capsys) -> None:
    assert train(24, "--seed", "3") == 0
    assert train(24) == 2
    assert "--seed is 0, but the run in run was started with 3." in capsys.readouterr().err


@pytest.mark.parametrize(
    "left", [[], ["checkpoints/", "videos/"], ["checkpoints/", "videos/", ".run.json.partial"]], ids=str
)
def test_what_a_killed_process_left_before_run_json_is_no_run(left) -> None:
    for name in left:
        path = Path("run") / name
        path.mkdir(parents=True) if name.endswith("/") else path.write_text("{")
    assert main([*COMMAND, "--steps", "24"]) == 0 and steps_done() == 24


def test_a_scheduler_s_log_may_lie_there_from_the_start(capsys) -> None:
    Path("run").mkdir()
    Path("run/slurm.out").write_text("started")
    assert main([*COMMAND, "--steps", "24"]) == 2
    assert capsys.readouterr().err.startswith("error: run is not empty.")
    assert train(24) == 0 and train(40) == 0 and steps_done() == 40
    assert Path("run/slurm.out").read_text() == "started"


def test_a_run_that_never_began_leaves_the_files_of_others(monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("run").mkdir()
    Path("run/slurm.out").write_text("started")
    with monkeypatch.context() as patched:
        patched.setattr("coral_cli.runs.files.os.replace", full)
        assert train(24) == 1
    assert contents(Path("run")) == {"slurm.out": b"started"}
    assert train(24) == 0


def test_a_run_that_saved_nothing_is_refused_with_the_way_and_started_again_by_it(capsys) -> None:
    assert train(24) == 0
    for checkpoint in Path("run/checkpoints").iterdir():
        checkpoint.unlink()
    Path("run/notes.txt").write_text("mine")
    assert main([*COMMAND, "--steps", "24"]) == 2
    assert "add --auto-resume to start this one again" in capsys.readouterr().err
    assert main(["train", "--resume", "run", "--env", "still_env:Still"]) == 4
    assert "--out run and --auto-resume" in capsys.readouterr().err
    assert train(24) == 0 and steps_done() == 24
    kinds = [event.kind for event in read_metrics(Path("run/metrics.jsonl"))]
    assert kinds.count("start") == 1 and kinds.count("episode") == 3
    assert Path("run/notes.txt").read_text() == "mine"


def test_a_run_that_is_being_trained_is_left_alone(capsys) -> None:
    assert train(24) == 0
    for checkpoint in Path("run/checkpoints").iterdir():
        checkpoint.unlink()
    before = contents(Path("run"))
    with RunDirectory.open(Path("run")).held():
        assert train(24) == 2
    assert "run is being trained by another process" in capsys.readouterr().err
    assert contents(Path("run")) == before


def test_it_needs_a_place(capsys) -> None:
    for command in ("train", "pretrain"):
        assert main([command, "--auto-resume"]) == 2
        assert "error: --auto-resume needs --out." in capsys.readouterr().err
    assert train(24) == 0
    assert main(["train", "--env", "still_env:Still", "--resume", "run", "--auto-resume"]) == 2
    assert "error: --auto-resume and --resume exclude each other." in capsys.readouterr().err


def test_pretraining_goes_on_by_the_same_command_too(capsys) -> None:
    words = ["rollout", "--env", "gym:Pendulum-v1", "--episodes", "2", "--out", "data", "--quiet"]
    assert main(words) == 0
    capsys.readouterr()
    sizes = ["--size", "tiny", "--batch-length", "4", "--batch-size", "2"]
    words = ["pretrain", "--data", "data", *sizes, "--out", "run", "--auto-resume"]
    assert main([*words, "--updates", "2", "--quiet"]) == 0 and steps_done() == 2
    before = contents(Path("run"))
    assert main([*words, "--updates", "2"]) == 0
    assert "nothing to do: the run has done its updates" in capsys.readouterr().err
    assert contents(Path("run")) == before
    assert main([*words, "--updates", "3", "--quiet"]) == 0 and steps_done() == 3
    assert main([*words, "--updates", "4", "--seed", "1"]) == 2
    assert "--seed is 1, but the run in run was started with 0." in capsys.readouterr().err
    assert train(24) == 2
    assert "run was pretrained." in capsys.readouterr().err


STOPPED = """
import os, signal, sys

signal.signal(signal.{name}, signal.SIG_DFL)  # which whoever runs the tests, such as nohup, may ignore

def stop(*_):
    os.kill(os.getpid(), signal.{name})

class Importing:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            stop()

sys.meta_path.insert(0, Importing())
from coral_cli.__main__ import run
if {patched!r}:
    sys.path.insert(0, "")
    import importlib
    module, _, attributes = {patched!r}.partition(":")
    kind, name = attributes.split(".")
    owner = getattr(importlib.import_module(module), kind)
    before = getattr(owner, name)
    setattr(owner, name, lambda *words, **named: (before(*words, **named), stop())[0])
if __name__ == "__main__":
    sys.exit(run())
"""


def stopped(name: str, module: str, patched: str, *words: str) -> tuple[int, str]:
    """The exit code of a training that ``name`` reaches while it imports ``module``, or calls ``patched``."""
    Path("program.py").write_text(STOPPED.format(name=name, module=module, patched=patched))
    path = os.pathsep.join(["", *filter(None, sys.path)])
    ended = subprocess.run(
        [sys.executable, "program.py", *words],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    return ended.returncode, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module", "patched"),
    [
        ("SIGINT", "coral_cli.app", ""),
        ("SIGTERM", "torch", ""),
        ("SIGTERM", "", "still_env:Still.reset"),
        ("SIGTERM", "", "coral_cli.runs.directory:RunDirectory.create"),
        ("SIGTERM", "", "coral_cli.runs.directory:RunDirectory.write_metadata"),
        ("SIGHUP", "", "multiprocessing.context:SpawnProcess.start"),
        ("SIGTERM", "", "coral_cli.training.trainer:Trainer.__init__"),
    ],
)
def test_a_signal_before_the_first_step_is_a_sentence_and_leaves_nothing(name, module, patched, place) -> None:
    envs = ["--envs", "2"] if "Spawn" in patched else []
    code, err = stopped(name, module, patched, *COMMAND, "--steps", "24", *envs)
    assert code == 128 + signal.Signals[name]
    said = "Ctrl-C" if name == "SIGINT" else name
    assert err in (f"stopped by {said}.\n", f"stopped by {said} before the first step: nothing is left behind.\n")
    assert ("nothing is left" in err) == (bool(patched) and "create" not in patched)
    assert not Path("run").exists() or not contents(Path("run"))
    assert main([*COMMAND, "--steps", "24"]) == 0


@pytest.mark.slow
def test_a_signal_before_a_resumed_run_s_first_step_changes_nothing() -> None:
    assert train(24) == 0
    before = contents(Path("run"))
    words = [*COMMAND, "--auto-resume", "--steps", "40"]
    code, err = stopped("SIGTERM", "", "coral_cli.training.agent:Agent.load_weights", *words)
    assert (code, err) == (143, "stopped by SIGTERM before the first step: run is as it was.\n")
    assert contents(Path("run")) == before
    assert train(40) == 0 and steps_done() == 40


def test_what_is_stopped_says_where_to_go_on_even_when_quiet() -> None:
    words = [*COMMAND, "--steps", "100k"]
    code, err = stopped("SIGTERM", "", "coral_cli.training.updates:Updates.fit_normalization", *words)
    assert (code, err) == (143, "saved; go on with: coral train --resume run --env still_env:Still\n")
    assert steps_done() == 8


def test_a_disk_that_is_full_from_the_start_leaves_nothing(monkeypatch, capsys) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("coral_cli.runs.files.os.replace", full)
        assert train(24) == 1
    assert "there is no room left to write run/run.json." in capsys.readouterr().err
    assert not Path("run").exists()
    assert train(24) == 0
