"""What studies consist of: their own values, what the command line has in place of them, and runs that wait."""

from __future__ import annotations

import pytest

from coral_cli.assembly.words import split
from coral_cli.registry.errors import UsageError
from coral_cli.study.grid import Axis, axes
from coral_cli.study.questions import LOSSES, OVERHEAD, TRANSFER, Question, combined
from coral_cli.study.transferring import transfers


def asked(
    question: Question, before: list[str], behind: str = ""
) -> tuple[list[Axis], dict[str, str | None], list[str]]:
    spanned, fixed, notes = combined(question, axes(split(before)), split(behind.split()))
    return spanned, dict(fixed), notes


def values(spanned: list[Axis], flag: str) -> list[str | None]:
    return next([text for _, text in axis.words] for axis in spanned if axis.flag == flag)


def test_a_questions_own_values_stand_unless_others_are_given() -> None:
    spanned, fixed, notes = asked(LOSSES, ["--image-loss", "byol", "--rssm.gru", "8"], "--steps 10 --env cheetah-run")
    assert [axis.flag for axis in spanned] == ["distraction", "image-loss", "rssm.gru"]
    assert values(spanned, "image-loss") == ["byol"]
    expected = ["", "procedural", "disks", "noise", "color", "camera", "frame-drop"]
    assert values(spanned, "distraction") == expected
    assert fixed == {"size": "small", "steps": "10", "env": "cheetah-run"}
    assert notes == ["video is left out, for it needs clips of yours: add --distraction.video.folder DIR."]


def test_options_of_one_distraction_go_to_that_one() -> None:
    line = ["--distraction.video.folder", "my clips", "--distraction.disks.count", "4"]
    spanned, _, notes = asked(LOSSES, line)
    found = values(spanned, "distraction")
    assert found[1] == "video --distraction.video.folder='my clips'" and notes == []
    assert found[3] == "disks --distraction.disks.count=4" and found[4] == "noise"
    assert [axis.flag for axis in spanned] == ["env", "distraction", "image-loss"]
    counts = ["--distraction.disks.count", "4", "--distraction.disks.count", "8"]
    assert values(asked(LOSSES, counts)[0], "distraction.disks.count") == ["4", "8"]  # which are an axis


def test_overhead_is_three_methods() -> None:
    assert values(asked(OVERHEAD, [])[0], "method") == ["v-coral", "cv-concat", "cv-image"]


def transferred(*before: str, source_steps: int | None = None, seeds: int = 1):
    spanned, fixed, _ = combined(TRANSFER, axes(split(before)), split(["--steps", "1k"]))
    seed = Axis("seed", tuple(("seed", str(seed)) for seed in range(seeds)))
    return transfers([*spanned, seed], fixed, source_steps)


def test_for_each_seed_sources_come_first_and_targets_wait_for_theirs() -> None:
    plan, notes = transferred(seeds=2)
    assert len(plan) == 2 * (4 + 1 + (3 * 3 * 3 + 3 * 2)) and notes == []
    first = plan[: len(plan) // 2]
    assert [run.name for run in first[:6]] == [
        "from-random-seed0",
        "from-task-seed0",
        "from-body-seed0",
        "from-distraction-seed0",
        "scratch-seed0",
        "random-encoders-frozen-seed0",
    ]
    assert all(run.differs["seed"] == "0" for run in first)
    assert {run.after for run in first[5:]} == {run.name for run in first[:4]}
    assert not any(run.after for run in first[:5])
    assert not any(run.name.startswith("body") and "frozen" in run.name for run in plan)


def flags(run) -> dict[str, str | None]:
    return dict(split(run.flags))


def test_a_source_differs_in_what_it_is_and_from_scratch_has_the_steps_of_both() -> None:
    plan, _ = transferred("--env", "reacher-easy", source_steps=500)
    found = {run.name: flags(run) for run in plan}
    usual = {"size": "small", "method": "v-coral", "seed": "0", "env": "reacher-easy"}
    assert found["from-random-seed0"] == {**usual, "policy": "random", "steps": "500"}
    assert found["from-task-seed0"] == {**usual, "env": "reacher-hard", "steps": "500"}
    assert found["from-body-seed0"] == {**usual, "env": "ball-in-cup-catch", "steps": "500"}
    assert found["from-distraction-seed0"] == {**usual, "distraction": "procedural", "steps": "500"}
    assert found["scratch-seed0"] == {**usual, "steps": "1500"}
    here = {**usual, "steps": "1k", "init-parts": "encoders"}
    assert found["task-encoders-fine-tuned-seed0"] == here
    assert found["task-encoders-frozen-seed0"] == {**here, "freeze": "encoders"}
    assert found["task-encoders-slow-seed0"] == {**here, "model-lr": "3e-05"}
    everything = "encoders,rssm,heads,losses"
    assert found["task-all-frozen-seed0"] == {**here, "init-parts": everything, "freeze": everything}


def test_another_distraction_is_another_one() -> None:
    plan, _ = transferred("--distraction", "procedural", "--source", "distraction")
    assert (flags(plan[0])["distraction"], flags(plan[1])["distraction"]) == ("disks", "procedural")


def test_sources_of_ones_own_are_named_with_their_flags() -> None:
    line = (
        "--source",
        "walker --env walker-walk --distraction disks",
        "--way",
        "slow",
        "--init-parts",
        "encoders,rssm",
    )
    plan, _ = transferred(*line, "--env", "cartpole-swingup", "--env", "cheetah-run", "--model-lr", "0.1")
    assert [run.name for run in plan] == [
        "from-walker-cartpole-swingup-seed0",
        "from-walker-cheetah-run-seed0",
        "scratch-cartpole-swingup-seed0",
        "scratch-cheetah-run-seed0",
        "walker-encoders+rssm-slow-cartpole-swingup-seed0",
        "walker-encoders+rssm-slow-cheetah-run-seed0",
    ]
    assert flags(plan[0])["env"] == "walker-walk" and flags(plan[0])["distraction"] == "disks"
    assert flags(plan[4])["env"] == "cartpole-swingup" and flags(plan[4])["model-lr"] == "0.01"
    assert "distraction" not in flags(plan[4]) and plan[4].after == "from-walker-cartpole-swingup-seed0"


def test_names_of_sources_are_those_of_files() -> None:
    line = ("--source", "my/own --env walker-walk", "--source", "my/own --env walker-run", "--way", "slow")
    plan, _ = transferred(*line, "--init-parts", "rssm")
    assert [run.name for run in plan] == [
        "from-my-own-env-walker-walk-seed0",
        "from-my-own-env-walker-run-seed0",
        "scratch-seed0",
        "my-own-env-walker-walk-rssm-slow-seed0",
        "my-own-env-walker-run-rssm-slow-seed0",
    ]


def test_what_there_is_not_is_said() -> None:
    plan, notes = transferred("--env", "cheetah-run")
    assert notes == [
        "cheetah-run has no source 'task', for no other task of its body is known: add --source 'task-2 --env NAME'."
    ]
    assert not any(run.name.startswith("task") for run in plan)
    with pytest.raises(UsageError, match=r"^there is no source 'rest'"):
        transferred("--source", "rest")
    with pytest.raises(UsageError, match=r"^--model-lr is 'fast'"):
        transferred("--model-lr", "fast")
    with pytest.raises(UsageError, match=r"^no source can be called scratch"):
        transferred("--source", "scratch --env cartpole-balance")
    with pytest.raises(UsageError, match=r"^--out is nothing that a run of a sweep can be given"):
        transferred("--source", "mine --env cartpole-balance --out there")
    with pytest.raises(UsageError, match=r"^--steps is nothing that a source of its own can be given"):
        transferred("--source", "mine --steps 3")
    with pytest.raises(UsageError, match=r"^there is no way 'melted'"):
        transferred("--way", "melted")
