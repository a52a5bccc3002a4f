"""Which of two evaluations under one condition a run keeps."""

from __future__ import annotations

import pytest

from coral_cli.assembly.conditions import Condition
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import evaluations
from coral_cli.sessions.keeping import keep_evaluation
from coral_cli.training.collection import Episode


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    run = RunDirectory.create(tmp_path / "run", "")
    run.write_metadata({})
    run.checkpoints.mkdir(exist_ok=True)
    for step in (1000, 2000):
        (run.checkpoints / f"step-{step}.pt").touch()
    return run


def evaluate(run: RunDirectory, step: int, *returns: float) -> None:
    episodes = [Episode(value, 10, {}) for value in returns]
    keep_evaluation(run.checkpoints / f"step-{step}.pt", Condition("own", {}), 0, "egl", episodes)


@pytest.mark.parametrize(
    ("step", "returns", "stays", "said"),
    [
        (1000, (7.0,), True, "note: of episodes under own, coral report keeps 2 that it had, not these 1.\n"),
        (
            2000,
            (7.0,),
            False,
            "note: of episodes under own, coral report has these 1 now, not the 2 of another checkpoint.\n",
        ),
        (1000, (7.0, 8.0), False, ""),
        (2000, (7.0, 8.0, 9.0), False, ""),
    ],
)
def test_fewer_episodes_replace_no_more_of_the_same_checkpoint(step, returns, stays, said, run, capsys) -> None:
    evaluate(run, 1000, 1.0, 2.0)
    evaluate(run, step, *returns)
    [kept] = evaluations(run, [])
    assert (kept.step, kept.returns) == ((1000, (1.0, 2.0)) if stays else (step, returns))
    assert capsys.readouterr().err == said


def test_fewer_episodes_replace_more_where_the_checkpoint_may_be_another(run, capsys) -> None:
    for returns in ((1.0, 2.0), (7.0,)):  # a best checkpoint outlives its name with the steps, and its successor has it
        keep_evaluation(
            run.checkpoints / "best.pt", Condition("own", {}), 0, "egl", [Episode(value, 10, {}) for value in returns]
        )
    [kept] = evaluations(run, [])
    assert (kept.step, kept.returns) == (None, (7.0,))
    told = "note: of episodes under own, coral report has these 1 now, not the 2 of what may be another checkpoint.\n"
    assert capsys.readouterr().err == told


def test_the_quiet_are_told_nothing(run, capsys) -> None:
    for returns in ((1.0, 2.0), (7.0,)):
        episodes = [Episode(value, 10, {}) for value in returns]
        keep_evaluation(run.checkpoints / "step-1000.pt", Condition("own", {}), 0, "egl", episodes, quiet=True)
    assert capsys.readouterr().err == ""


def test_a_damaged_file_gives_way(run, capsys) -> None:
    evaluate(run, 1000, 1.0, 2.0)
    [path] = run.tables.iterdir()
    path.write_text("{")
    evaluate(run, 1000, 7.0)
    [kept] = evaluations(run, [])
    assert (kept.returns, capsys.readouterr().err) == ((7.0,), "")
