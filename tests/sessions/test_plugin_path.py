"""A run with a plugin that is not installed: what it leaves, and what goes on from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import coral_cli
from coral_cli.app import main
from coral_cli.registry.errors import PluginError
from coral_cli.runs.checkpoint import read_metadata

from .pace import PACE


@pytest.fixture(scope="module")
def plugin(tmp_path_factory) -> Path:
    """A package with a short environment, as `coral plugins new` makes it."""
    path = tmp_path_factory.mktemp("plugins") / "short"
    assert main(["plugins", "new", "short", "--kind", "environment", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def run(plugin: Path, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    words = f"train --plugin {plugin} --env short --env.steps 8 {PACE} --steps 16 --out {path} --quiet"
    assert main(words.split()) == 0
    return path


def test_run_and_checkpoint_say_where_it_came_from(run: Path, plugin: Path) -> None:
    metadata = json.loads((run / "run.json").read_text())
    assert metadata["command"].endswith(f" --plugin {plugin}")
    for assembly in (metadata["assembly"], read_metadata(run / "checkpoints" / "latest.pt")["assembly"]):
        choice = assembly["choices"]["env"]
        assert (choice["path"], choice["distribution"], choice["version"]) == (str(plugin), "coral-env-short", "0.1.0")
        assert "path" not in assembly["choices"]["rssm"]


@pytest.mark.parametrize("words", ["eval {run} --episodes 1", "train --resume {run} --steps 24"])
def test_it_is_never_loaded_unasked(words: str, run: Path, plugin: Path, capsys, monkeypatch) -> None:
    assert main(words.format(run=run).split()) == 3
    assert capsys.readouterr().err.splitlines() == [
        f"error: its metadata says that environment 'short' came from {plugin}, a plugin that is not installed.",
        f"hint: If you know that plugin, add --plugin {plugin}.",
    ]


def test_asked_for_again_it_goes_on(run: Path, plugin: Path, capsys) -> None:
    assert main(["eval", str(run), "--episodes", "1", "--plugin", str(plugin)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "24", "--plugin", str(plugin)]) == 0
    assert f"evaluate with: coral eval {run} --video --plugin {plugin}" in capsys.readouterr().err


def test_other_programs_name_the_path_as_well(run: Path, plugin: Path) -> None:
    with pytest.raises(PluginError, match="a plugin that is not installed"):
        coral_cli.load_agent(run)
    assert coral_cli.load_agent(run, plugins=[plugin]).action_size == 2


def test_copies_of_the_environment_know_it_too(plugin: Path, tmp_path: Path, capsys) -> None:
    words = f"train --plugin {plugin} --env short --env.steps 8 {PACE} --steps 32 --envs 2 --out {tmp_path / 'run'}"
    assert main([*words.split(), "--quiet"]) == 0, capsys.readouterr().err
