"""``coral train``: what it asks a session to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coral_cli.assembly.resolve import resolve


def test_order_does_not_matter_and_the_last_one_wins(coral, requests, toy_catalog) -> None:
    expected = resolve({"image-loss": "byol", "image-loss.temperature": 1.0, "steps": 2000}, toy_catalog)
    for line in (
        "--image-loss byol --image-loss.temperature 1 --steps 2k",
        "--image-loss.temperature=1 --steps=2e3 --image-loss=byol",
        "--steps 5 --image-loss cv --image-loss.temperature 3 --steps 2k --image-loss.temperature 1 --image-loss byol",
    ):
        assert coral("train", *line.split()).code == 0
        assert requests.pop().assembly == expected


def test_a_boolean_can_be_turned_on_and_off(coral, requests) -> None:
    coral("train", "--env.no-random-start", "--image-loss", "byol", "--image-loss.symmetric")
    choices = requests.pop().assembly.choices
    assert choices["env"].options["random_start"] is False
    assert choices["image-loss"].options["symmetric"] is True


def test_a_strangers_component_is_named_with_its_distribution(coral, requests) -> None:
    coral("train", "--image-loss", "pack-a/twin", "--method", "v-coral")
    choice = requests.pop().assembly.choices["image-loss"]
    assert (choice.component, choice.distribution, choice.version) == ("twin", "pack-a", "1.0")


def test_output_flags(coral, requests) -> None:
    coral("train", "--out", "here", "--dry-run", "--json", "--quiet")
    request = requests.pop()
    assert (request.out, request.resume, request.changes) == (Path("here").absolute(), None, {})
    assert (request.dry_run, request.json, request.quiet) == (True, True, True)


@pytest.fixture
def run(tmp_path: Path, toy_catalog) -> str:
    assembly = resolve({"env": "maze", "camera-loss": "byol", "steps": 100}, toy_catalog)
    (tmp_path / "run.json").write_text(json.dumps({"assembly": assembly.to_json()}))
    return str(tmp_path)


def test_resume_needs_no_other_flag(run: str, coral, requests, toy_catalog) -> None:
    assert coral("train", "--resume", run).code == 0
    request = requests.pop()
    assert request.resume == Path(run)
    assert request.assembly == resolve({"env": "maze", "camera-loss": "byol", "steps": 100}, toy_catalog)


def test_a_home_directory_that_the_shell_left_alone(run: str, coral, requests, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(Path(run).parent))
    assert coral("train", f"--resume=~/{Path(run).name}", "--dry-run").code == 0
    assert requests.pop().resume == Path(run)


@pytest.mark.parametrize(
    "line",
    [
        "train --resume EMPTY",
        "train --resume=EMPTY",
        "train --out EMPTY",
        "train --init-from EMPTY",
        "rollout --out x --agent EMPTY",
        "pretrain --data EMPTY",
        "eval x --video=EMPTY",
    ],
)
def test_an_empty_path_is_not_one_left_out(line: str, coral, requests) -> None:
    outcome = coral(*(word.replace("EMPTY", "") for word in line.split()))
    flag = line.replace("=", " ").split()[-2]
    assert (outcome.code, outcome.err) == (2, f"error: {flag} is empty.\nhint: Give it a value, or leave it out.\n")
    assert not requests


def test_an_empty_value_swallows_no_word(coral, requests) -> None:
    assert coral("train", "--distraction=", "--steps", "2k").code == 0
    assert "--plugin needs a path" in coral("train", "--plugin=", "--steps", "2k").err
    settings = requests.pop().assembly.settings
    assert (settings.distraction, settings.steps) == ((), 2000)


def test_resume_may_change_the_budget(run: str, coral, requests) -> None:
    coral("train", "--steps", "1k", "--resume", run)
    request = requests.pop()
    assert request.changes == {"steps": 1000}
    assert request.assembly.settings.steps == 1000


def test_resume_refuses_anything_else(run: str, coral, requests) -> None:
    outcome = coral("train", "--resume", run, "--camera-loss.temperature", "2")
    assert outcome.code == 2
    assert "--camera-loss.temperature is 2.0, but the run was started with 0.5." in outcome.err
    assert not requests


def test_a_resumed_run_stays_where_it_is(run: str, coral, requests) -> None:
    outcome = coral("train", "--resume", run, "--out", "elsewhere")
    assert (outcome.code, requests) == (2, [])
    assert outcome.err.startswith("error: --out and --resume exclude each other.\n")


def test_help_of_a_resumed_run_shows_its_values(run: str, coral) -> None:
    out = coral("train", "--resume", run, "--help").out
    assert "--camera-loss byol (coral-byol 2.0)" in out
    assert "[default: 100]" in out
