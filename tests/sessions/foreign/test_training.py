"""Training in odd environments that work, and what is said of those that cannot."""

from __future__ import annotations

import json

import pytest

from coral_cli.app import main
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

from .odd import CODE, PACE, train


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


@pytest.mark.slow
def test_the_copies_of_a_run_without_evaluations_are_its_own_alone(folder, capsys, monkeypatch) -> None:
    from coral_cli.environments.vectorised import Vectorised

    counts = []
    begin = Vectorised.__init__
    monkeypatch.setattr(
        Vectorised, "__init__", lambda self, make, n, *more: counts.append(n) or begin(self, make, n, *more)
    )
    assert train("Plain", "--eval-every 0 --envs 2") == 0
    assert counts == [2]


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
