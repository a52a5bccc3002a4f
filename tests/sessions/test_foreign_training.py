"""Training in environments that nobody wrote for coral: odd ones that work, and what is said of those that cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

PACE = "--size tiny --random-episodes 1 --updates-per-step 0.1 --batch-length 4 --batch-size 2 --steps 16 --quiet"

CODE = """
import ctypes
import os
import time

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict


class Plain(gymnasium.Env):
    observation_space = Box(-1, 1, (3,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return self.seen(), {}

    def step(self, action):
        self.left -= 1
        return self.seen(), 0.0, False, self.left == 0, {}

    def seen(self):
        return np.zeros(3, np.float32)


class Old(Plain):
    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class Double(Plain):
    def __init__(self):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)


class Robot(Plain):
    def __init__(self):
        os.close(os.open("port", os.O_CREAT | os.O_EXCL))

    def close(self):
        os.unlink("port")


class Stacked(Plain):
    observation_space = Box(0, 255, (3, 64, 64, 3), np.uint8)

    def seen(self):
        return np.full((3, 64, 64, 3), 90, np.uint8)


class Drawn(Plain):
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def render(self):
        raise gymnasium.error.DependencyNotInstalled('pygame is not installed, run `pip install "gymnasium[other]"`')


class Made(Plain):
    def __init__(self, low=-1, camera=(), bright=False):
        self.observation_space = Box(low, 1, (-low,), np.float32)
        with open("made.txt", "a") as file:
            print(low, camera, bright, file=file)

    def seen(self):
        return np.zeros(self.observation_space.shape, np.float32)


class Fetching(Plain):
    observation_space = Dict({name: Box(-9, 9, (size,)) for name, size in (("observation", 25), ("desired_goal", 3))})

    def seen(self):
        return {name: np.zeros(space.shape, np.float32) for name, space in self.observation_space.items()}


class Loud(Plain):
    def __init__(self):
        print("python imports")
        ctypes.CDLL(None).puts(b"c makes")

    def step(self, action):
        ctypes.CDLL(None).puts(b"c steps")
        os.system("echo child steps")
        return super().step(action)


class Hangs(Drawn):
    # draws and steps for a while, and then for ever

    count = 0

    def step(self, action):
        type(self).count += 1
        self.hang("step")
        return super().step(action)

    def render(self):
        self.hang("render")
        return np.zeros((64, 64, 3), np.uint8)

    def hang(self, where):
        if self.count > 40 and os.environ["HANG"] == where:
            open("hangs", "w").close()
            while True:
                time.sleep(1)

    def close(self):
        self.hang("render")


class Locked(Drawn):
    def reset(self, *, seed=None, options=None):
        raise OSError("no licence")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "odd_env.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_env", raising=False)
    resolve_foreign.cache_clear()
    yield tmp_path
    resolve_foreign.cache_clear()


def train(name: str, more: str = "") -> int:
    return main(f"train --env odd_env:{name} --out run {PACE} {more}".split())


def test_settings_of_torch_that_an_environment_changes_are_not_the_agents(folder) -> None:
    import torch

    assert train("Double", "--eval-every 0") == 0
    weights = load(folder / "run/checkpoints/latest.pt")[1]["agent"]["weights"].values()
    assert {weight.dtype for weight in weights if weight.is_floating_point()} == {torch.float32}
    assert any(event.kind == "update" for event in read_metrics(folder / "run/metrics.jsonl"))
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


def test_an_environment_that_may_exist_only_once(folder, capsys) -> None:
    assert train("Robot") == 2
    assert "error: a second odd_env:Robot cannot be made (FileExistsError" in (said := capsys.readouterr().err)
    assert "add --eval-every 0" in said
    assert not (folder / "port").exists() and not (folder / "run").exists()
    assert train("Robot", "--eval-every 0") == 0
    assert not (folder / "port").exists()


def test_the_copies_of_a_run_without_evaluations_are_its_own_alone(folder, capsys, monkeypatch) -> None:
    from coral_cli.environments.vectorised import Vectorised

    counts = []
    begin = Vectorised.__init__
    monkeypatch.setattr(
        Vectorised, "__init__", lambda self, make, n, *more: counts.append(n) or begin(self, make, n, *more)
    )
    assert train("Plain", "--eval-every 0 --envs 2") == 0
    assert counts == [2]


def test_a_stack_of_pictures_is_learned_from(folder) -> None:
    assert train("Stacked", "--image-loss recon --image-encoder.depth 2 --eval-every 0") == 0
    assert load(folder / "run/checkpoints/latest.pt")[0]["sensors"]["image"]["shape"] == [64, 64, 9]


LINE = 'python -m pip install "gymnasium[other]"'


@pytest.mark.parametrize("words", ["--method v-coral", "--method cpc-image", "--image-loss cv", "--sensors image"])
def test_a_picture_that_is_asked_for_and_missing_is_an_error_with_the_line_that_mends_it(words, folder, capsys) -> None:
    assert train("Drawn", words) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert "odd_env:Drawn" in error and "pygame is not installed" in error and hint == f"hint: {LINE}"
    assert not (folder / "run").exists()


def test_a_picture_that_is_missing_is_told_before_training_without_it(folder, capsys) -> None:
    assert train("Drawn", "--eval-every 0") == 0
    notes = [event.values["message"] for event in read_metrics(folder / "run/metrics.jsonl") if event.kind == "note"]
    assert any("odd_env:Drawn has no image: " in note and note.endswith(LINE) for note in notes)
    assert main(["rollout", "--env", "odd_env:Drawn", "--episodes", "1", "--out", "data"]) == 0
    assert f"; {LINE}\n" in capsys.readouterr().err
    assert main(f"train --env odd_env:Drawn --out sac {PACE} --method proprio-sac --eval-every 0".split()) == 0
    assert "has no image" not in (folder / "sac/metrics.jsonl").read_text()  # which asks for none


@pytest.mark.parametrize(
    ("method", "lacks"), [("p-coral", "a vector"), ("cv-concat", "a vector"), ("proprio-sac", "a vector")]
)
def test_a_vector_that_a_method_names_and_the_environment_lacks_is_an_error(method, lacks, folder, capsys) -> None:
    assert train("Stacked", f"--method {method}") == 2
    assert f"--method {method} needs {lacks}, which odd_env:Stacked lacks." in capsys.readouterr().err
    assert main(f"train --env odd_env:Stacked --method cv-same --dry-run {PACE}".split()) == 0  # of whatever there is


def test_show_tells_why_there_is_no_picture(folder, capsys) -> None:
    assert main(["envs", "show", "odd_env:Drawn"]) == 0
    said = capsys.readouterr().out
    assert "no image      DependencyNotInstalled: pygame is not installed" in said and f"hint: {LINE}" in said
    assert main(["envs", "show", "odd_env:Drawn", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["no_image"]["hint"] == LINE
    assert main(["envs", "show", "odd_env:Stacked", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["no_image"] is None


def test_a_reset_that_raises_before_all_else_is_told_with_its_line(folder, capsys) -> None:
    assert train("Locked") == 1
    line = CODE.splitlines().index('        raise OSError("no licence")') + 1
    assert (
        f"error: environment odd_env:Locked raised OSError: no licence ({folder.name}/odd_env.py, line {line})"
        in capsys.readouterr().err
    )


def test_show_finds_what_training_would(folder, capsys) -> None:
    assert main(["envs", "show", "odd_env:Old"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: odd_env:Old gives 4 values from step(), not 5, at step 1 of an episode (")
    assert train("Old") == 1 and capsys.readouterr().err.splitlines()[0] in shown


def test_arguments_of_the_maker_are_recorded_and_asked_for_again(folder, capsys) -> None:
    words = "--env.make low=-2 --env.make camera=top,1.5 --env.make bright=true"
    assert train("Made", f"{words} --eval-every 0") == 0
    assert (folder / "made.txt").read_text().splitlines()[0] == "-2 ['top', 1.5] True"
    name = "odd_env:Made?bright=true&camera=top,1.5&low=-2"
    record = json.loads((folder / "run/run.json").read_text())
    assert record["assembly"]["choices"]["env"]["component"] == name
    assert f"--env '{name}'" in record["command"]
    assert (folder / "run").is_dir() and not list(folder.glob("*?bright*"))

    resolve_foreign.cache_clear()  # as in another process
    (folder / "made.txt").unlink()
    assert main(["eval", "run", "--episodes", "1"]) == 3
    assert f"hint: Add --env '{name}' to train, eval or rollout." in capsys.readouterr().err
    assert main(["eval", "run", "--episodes", "1", "--env", "odd_env:Made", *words.split()[:4]]) == 2
    assert "was trained in odd_env:Made?bright=true" in capsys.readouterr().err
    assert main(["eval", "run", "--episodes", "1", "--env", "odd_env:Made", *reversed_pairs(words)]) == 0
    assert (folder / "made.txt").read_text().splitlines()[-1] == "-2 ['top', 1.5] True"
    assert main(["train", "--resume", "run", "--steps", "24", "--env", name, "--quiet"]) == 0

    resolve_foreign.cache_clear()
    words = "rollout --agent run --episodes 1 --quiet --out"
    assert main([*words.split(), "data"]) == 3
    assert f"hint: Add --env '{name}' to train, eval or rollout." in capsys.readouterr().err
    assert main([*words.split(), "data", "--env", "odd_env:Plain"]) == 2
    assert "was trained in odd_env:Made?bright=true" in capsys.readouterr().err
    assert main([*words.split(), "data", "--env", name, "--env.action-repeat", "2"]) == 2
    assert "--env.action-repeat cannot be combined with --agent" in capsys.readouterr().err
    assert not (folder / "data").exists()
    assert main([*words.split(), "data", "--env", name]) == 0
    about = json.loads((folder / "data/dataset.json").read_text())
    assert about["actions"] == "run" and about["env"]["component"] == name


def reversed_pairs(words: str) -> list[str]:
    """The same flags, the last one first."""
    parts = words.split()
    return [word for at in range(len(parts) - 2, -1, -2) for word in parts[at : at + 2]]


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("--env odd_env:Made --env.make lwo=3", "unexpected keyword argument 'lwo'", "Did you mean low?"),
        ("--env odd_env:Made --env.make low", "'low' is no argument", "--env.make KEY=VALUE"),
        ("--env odd_env:Made --env.make", "'' is no argument", "--env.make KEY=VALUE"),
        ("--env box-push --env.make low=3", "is for gym:ID and module:callable", "coral envs show box-push --help"),
        ("--env.make low=3", "none is named", "Add --env gym:ID."),
    ],
)
def test_arguments_that_cannot_be_are_explained(words, error, hint, folder, capsys) -> None:
    assert main(["train", *words.split()]) == 2
    said = capsys.readouterr().err
    assert error in said and hint in said


def test_the_help_of_a_foreign_environment_has_the_flag(folder, capsys) -> None:
    assert main(["train", "--env", "odd_env:Made", "--env.make", "low=-3", "--help"]) == 0
    assert "--env.make" in (said := capsys.readouterr().out) and "KEY=VALUE" in said
    assert main(["train", "--help"]) == 0
    assert "--env.make" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_sweep_has_arguments_as_an_axis(folder, capsys) -> None:
    words = "sweep --env odd_env:Made --env.make low=-2 --env.make low=-3 --dry-run --json -- --env.make bright=true"
    assert main(words.split()) == 2  # one place for all of its values
    assert "stands before and behind the --" in capsys.readouterr().err
    assert main([*words.split()[:-2], *PACE.split()[:-1]]) == 0
    said = capsys.readouterr().out
    assert "odd_env:Made?low=-2" in said and "odd_env:Made?low=-3" in said


def test_a_known_task_feels_its_own_entries_alone_unless_told_otherwise(folder, capsys, request) -> None:
    import gymnasium

    request.addfinalizer(lambda: gymnasium.registry.pop("FetchPush-v9"))
    gymnasium.register("FetchPush-v9", "odd_env:Fetching", max_episode_steps=8)
    words = f"train --env gym:FetchPush-v9 --out run {PACE} --eval-every 0"
    assert main([*words.split(), "--method", "proprio-sac"]) == 0
    record = json.loads((folder / "run/run.json").read_text())
    assert record["assembly"]["choices"]["env"]["options"]["proprio"] == "observation=0:3,9:11,20:25"
    assert record["assembly"]["settings"]["sensors"] == ["observation"]
    notes = [e.values["message"] for e in read_metrics(folder / "run/metrics.jsonl") if e.kind == "note"]
    assert any("which only an image shows here" in note for note in notes)
    assert main(["eval", "run", "--episodes", "1"]) == 0

    more = "--out all --env.proprio all --sensors observation,desired_goal"
    assert main([*words.split(), *more.split()]) == 0
    notes = [e.values["message"] for e in read_metrics(folder / "all/metrics.jsonl") if e.kind == "note"]
    assert any("which only an image should show" in note for note in notes)
    assert load(folder / "all/checkpoints/latest.pt")[0]["sensors"]["observation"]["shape"] == [25]
    capsys.readouterr()
    assert main(["envs", "show", "gym:FetchPush-v9", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["sensors"]["observation"]["shape"] == [10] and "only an image shows here" in shown["note"]


def test_a_run_from_before_the_splits_feels_all_that_it_did(folder) -> None:
    from coral_cli.registry.options import with_saved

    record = resolve_foreign("odd_env:Plain")
    assert with_saved(record.options, {"action_repeat": 1}).proprio == "all"
    assert with_saved(record.options, {"action_repeat": 1, "proprio": None}).proprio is None


def coral(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run the program as users do, in a process whose streams are its own."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", "coral_cli", *line.split()], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize("copies", ["", pytest.param("--envs 2", marks=pytest.mark.slow)])
def test_what_an_environment_prints_in_python_or_in_c_stays_out_of_documents(copies, folder) -> None:
    ran = coral(folder, f"train --env odd_env:Loud --out run {PACE} --json {copies}".replace("--quiet", ""))
    assert ran.returncode == 0, ran.stderr
    assert [json.loads(line)["kind"] for line in ran.stdout.splitlines()][-1] == "end"
    for said in ("python imports", "c makes", "c steps", "child steps"):
        assert said in ran.stderr


def test_what_is_printed_while_an_environment_is_made_stays_out_of_what_is_shown(folder) -> None:
    ran = coral(folder, "envs show odd_env:Loud --json")
    assert ran.returncode == 0 and json.loads(ran.stdout)["name"] == "odd_env:Loud"
    assert "python imports" in ran.stderr and "c makes" in ran.stderr


@pytest.mark.parametrize("where", ["step", pytest.param("render", marks=pytest.mark.slow)])
def test_a_run_whose_environment_hangs_in_its_own_process_is_saved_at_one_sigterm(where, folder) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "HANG": where}
    words = f"train --env odd_env:Hangs --out run {PACE} --steps 5k --eval-every 0 --checkpoint-every 1"
    line = [sys.executable, "-m", "coral_cli", *words.split()]
    with subprocess.Popen(line, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as training:
        deadline = time.monotonic() + 120
        while not (folder / "hangs").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        training.terminate()
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 143, errors
    assert "coral train --resume run" in errors.replace("\n", " ")
    assert (folder / "run/checkpoints/latest.pt").exists()
