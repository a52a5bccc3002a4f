"""What ``coral eval`` refuses of a checkpoint that is fine."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.app import main

SIZES = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--rssm.hidden", "8"]
QUICK = ["--random-episodes", "1", "--updates-per-step", "0.01", "--eval-every", "0", "--batch-size", "2"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run of one episode."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert (
        main(
            [
                "train",
                "--env",
                "box-push",
                "--env.action-repeat",
                "1",
                *SIZES,
                *QUICK,
                "--steps",
                "100",
                "--out",
                str(path),
                "--quiet",
            ]
        )
        == 0
    )
    return path


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["--device", "cpu:3"], 2, "error: device 'cpu:3' is not supported."),
        (["--env", "walker-walk"], 2, "error: --env is walker-walk, but {run} was trained in box-push."),
        (["--video", "{run}/run.json/x.mp4"], 1, "error: {run}/run.json/x.mp4 cannot be written (File exists)."),
    ],
)
def test_one_sentence_and_a_hint(words: list[str], code: int, error: str, run: Path, capsys) -> None:
    assert main(["eval", str(run), "--episodes", "1", *(word.format(run=run) for word in words)]) == code
    assert capsys.readouterr().err.splitlines()[0] == error.format(run=run)


def test_its_own_environment_may_be_named(run: Path, capsys) -> None:
    assert main(["eval", str(run), "--episodes", "1", "--env", "box_push", "--json"]) == 0
    assert '"env": "box-push"' in capsys.readouterr().out


def test_too_little_memory_is_not_the_checkpoints_fault(run: Path, monkeypatch, capsys) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("coral_cli.sessions.saved.load", full)
    assert main(["eval", str(run), "--episodes", "1"]) == 1
    assert "unexpected RuntimeError: out of memory" in capsys.readouterr().err
