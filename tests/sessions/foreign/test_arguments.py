"""Arguments of what makes an environment: recorded, asked for again, and explained."""

from __future__ import annotations

import json

import pytest

from coral_cli.app import main
from coral_cli.environments.foreign.records import resolve_foreign

from .odd import PACE, train


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
