"""Sensors that a method asks for, and an environment lacks or cannot show here."""

from __future__ import annotations

import json

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

from .odd import PACE, train


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
