"""Completion, through the protocol of the script that ``--install-completion`` writes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coral_cli.app import main


@pytest.fixture
def complete(coral, monkeypatch: pytest.MonkeyPatch):
    """``complete("coral train --image-")``: what bash would offer for the last word."""

    def run(line: str, **settings: object) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_CORAL_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        outcome = coral(**settings)
        assert outcome.err == ""
        return outcome.out.split()

    return run


def test_commands(complete) -> None:
    own = [
        "train",
        "watch",
        "sweep",
        "reproduce",
        "study",
        "eval",
        "compare",
        "probe",
        "report",
        "export",
        "rollout",
        "pretrain",
        "bench",
    ]
    assert complete("coral ") == [*own, "methods", "doctor", "runs", "data", "envs", "plugins"]
    assert complete("coral pl") == ["plugins"]
    assert complete("coral plugins ") == ["list", "info", "check", "new"]
    assert complete("coral runs ") == ["list", "show", "remove", "rename"]
    assert complete("coral runs list --sort s") == ["state", "seed", "steps"]


def test_components(complete) -> None:
    own = ["recon", "cv", "cpc", "infonce", "none"]
    assert complete("coral train --image-loss ") == [*own, "byol", "pack-a/twin", "pack-b/twin"]
    assert complete("coral train --image-loss c") == ["cv", "cpc"]
    assert complete("coral train --proprio-encoder ") == ["mlp"], "conv takes no vector"
    assert complete("coral train --env maze --camera-encoder ") == ["conv", "vit"]


def test_components_of_a_plugin_that_is_not_installed(tmp_path, monkeypatch, capsys) -> None:
    assert main(["plugins", "new", "mine", "--kind", "loss", "--out", str(tmp_path / "mine")]) == 0
    capsys.readouterr()
    line = f"coral train --plugin {tmp_path / 'mine'} --image-loss mi"
    for name, value in {"_CORAL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": "5"}.items():
        monkeypatch.setenv(name, value)
    main([])
    assert capsys.readouterr() == ("mine\n", "")


def test_options_of_the_chosen_components(complete) -> None:
    assert complete("coral train --image-loss byol --image-loss.") == [
        "--image-loss.weight",
        "--image-loss.temperature",
        "--image-loss.symmetric",
        "--image-loss.no-symmetric",
        "--image-loss.decay",
    ]
    assert complete("coral train --image-encoder.") == ["--image-encoder.depth"]
    assert complete("coral train --eval-") == ["--eval-every", "--eval-episodes"]


def test_options_once(complete) -> None:
    assert complete("coral train --st") == ["--steps"]
    assert complete("coral train --steps 5 --st") == []


def test_choices(complete) -> None:
    assert complete("coral train --precision ") == ["auto", "fp32", "bf16"]
    assert complete("coral train --env.reward s") == ["sparse"]
    assert complete("coral train --size ") == ["tiny", "small", "paper"]
    assert complete("coral plugins list --kind o") == ["objective", "observer"]
    assert complete("coral eval run --renderer e") == ["egl"]


def test_a_line_that_is_wrong_elsewhere_still_completes(complete, toy_catalog) -> None:
    assert complete("coral train --image-loss bjol --size s") == ["small"]
    assert complete("coral train --resume nowhere --size s") == ["small"]
    assert complete("coral train --steps abc --size s", catalog=toy_catalog) == ["small"], "and no warning is written"


def test_the_script_to_install() -> None:
    command = [sys.executable, "-m", "coral_cli", "--show-completion", "bash"]
    environ = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert "_CORAL_COMPLETE=complete_bash" in result.stdout
