from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.report.reading import evaluated, read
from coral_cli.runs.finding import find


def test_a_run_is_read(make_run) -> None:
    path = make_run("a", {1000: 5.0, 2000: 7.0}, options={"image-loss.scale_lr": 0.1}, seed=3)
    run = read(path, "return")
    assert (run.steps, run.values, run.seconds, run.seed) == ((1000, 2000), (5.0, 7.0), (10.0, 20.0), 3)
    assert run.metrics == {"return"}
    assert run.flags == {
        "env": "cartpole-swingup",
        "policy": "sac",
        "image-loss": "cv",
        "image-loss.scale-lr": 0.1,
        "proprio-loss": "recon",
        "objective": "variational",
        "seed": 3,
        "distraction": [],
        "steps": 100_000,
        "batch-size": 32,
    }


def test_evaluations_without_the_metric_are_left_out(make_run) -> None:
    assert read(make_run("a", {1000: float("nan"), 2000: 7.0}), "return").steps == (2000,)
    assert read(make_run("b", {1000: 1.0}), "success").steps == ()


def test_a_run_that_has_only_begun_has_none(make_run) -> None:
    path = make_run("a", {})
    (path / "metrics.jsonl").unlink()
    assert read(path, "return").steps == ()


def test_folders_stand_for_the_runs_in_them_each_once(make_run, tmp_path: Path) -> None:
    make_run("b/deep/2", {})
    make_run("b/1", {})
    (tmp_path / "b/1/replay").mkdir()
    (tmp_path / "b/1/replay/run.json").touch()
    expected = [tmp_path / "b/1", tmp_path / "b/deep/2"]
    assert find([tmp_path / "b", tmp_path / "b/../b/1"]) == expected
    assert find([tmp_path]) == expected


@pytest.mark.parametrize(
    ("name", "message"), [("none", "does not exist"), ("file", "is a file"), ("empty", "holds no runs")]
)
def test_what_is_no_run(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableError, match=message):
        find([tmp_path / name])


@pytest.mark.parametrize("metadata", ["{}", "[]", '{"assembly": {"choices": {"env": 1}}}', "{"])
def test_damaged_metadata(metadata: str, make_run) -> None:
    path = make_run("a", {1: 1.0})
    (path / "run.json").write_text(metadata)
    with pytest.raises(UnreadableError):
        read(path, "return")


def test_none_has_the_metric(make_run) -> None:
    runs = [read(make_run(name, {1: 1.0}), "retrun") for name in "ab"]
    with pytest.raises(UsageError, match="evaluated 'retrun'") as caught:
        evaluated(runs, "retrun")
    assert caught.value.hint == "Did you mean return?"
    with pytest.raises(UsageError) as caught:
        evaluated(runs, "x")
    assert caught.value.hint == "They have return."
    with pytest.raises(UsageError, match="evaluated yet"):
        evaluated([read(make_run("c", {}), "return")], "return")
