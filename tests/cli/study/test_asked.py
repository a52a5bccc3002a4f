"""``coral study``: from its line to what is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.study.questions import QUESTIONS

from .lines import study, write_plan_of


def test_a_question_is_a_sweep_with_two_seeds(asked) -> None:
    assert study("loss-by-distraction --jobs 3 --distraction.video.folder clips") == 0
    (request,) = asked
    assert len(request.runs) == 8 * 4 * 2 and request.jobs == 3
    assert request.folder == Path.cwd() / "sweeps" / "study-loss-by-distraction"
    assert {run.steps for run in request.runs} == {100_000}
    videos = [run for run in request.runs if run.planned.differs["distraction"] == "video"]
    assert len(videos) == 8 and videos[0].name == "video-recon-seed0"
    assert videos[0].assembly.choices["distraction.video"].options["folder"] == "clips"
    assert request.again == "coral study loss-by-distraction --jobs 3 --distraction.video.folder clips"


def test_without_clips_the_films_are_left_out_and_that_is_said(asked, capsys) -> None:
    assert study("loss-by-distraction --seeds 1 --dry-run") == 0
    assert len(asked[0].runs) == 7 * 4
    note = "note: video is left out, for it needs clips of yours: add --distraction.video.folder DIR.\n"
    assert capsys.readouterr().err == note


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--seeds 2 --env cheetah-run", "error: there is no name of a question."),
        ("transfr", "error: there is no question 'transfr'.\nhint: Did you mean transfer?"),
        ("overhead transfer", "error: 'transfer' is a second name."),
        ("overhead --source-steps 5", "error: --source-steps belongs to transfer."),
        ("overhead --show --dry-run", "error: --show and --dry-run exclude each other."),
        ("overhead --picture a.gif", "error: --picture is 'a.gif', but pictures are .png, .svg, .pdf files."),
        ("overhead --csv a.txt", "error: --csv is 'a.txt', but tables are .csv files."),
        ("overhead --seeds 2 -- --seed 4", "error: the seeds stand there twice."),
        ("transfer --way melted", "error: there is no way 'melted'."),
        ("transfer -- --way slow", "error: --way is what transfer varies, and stands behind the --."),
        ("overhead -- --method v-coral", "error: --method is what overhead varies, and stands behind the --."),
        ("transfer --env cheetah-run --source task", "error: no source is left, so nothing can be taken over."),
        ("transfer --source body --way frozen", "error: no source is left, so nothing can be taken over."),
        ("overhead -- --stebs 3", "error: there is no option --stebs."),
    ],
)
def test_what_cannot_be_is_said(line, message, asked, capsys) -> None:
    assert study(line) == 2 and not asked
    assert capsys.readouterr().err.startswith(message)


def test_the_questions_are_listed(asked, capsys) -> None:
    assert study("") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == list(QUESTIONS)
    assert study("--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(QUESTIONS)


def test_a_study_that_was_begun_with_other_flags_is_named(asked, capsys) -> None:
    study("overhead --steps 10")
    write_plan_of(asked[0])
    assert study("overhead --steps 20 --method v-coral --show") == 0
    assert capsys.readouterr().err.splitlines() == [
        "note: there is no run of it yet: sweeps/study-overhead-2 does not exist.",
        "note: sweeps/study-overhead is of other flags: leave yours out to see it.",
    ]


@pytest.mark.parametrize("other", ["transfer", "loss-by-distraction"])
def test_another_question_is_not_shown(other, asked, capsys) -> None:
    study("overhead --seeds 1 --out there")
    write_plan_of(asked[0])
    assert study(f"{other} --show --out there") == 4
    assert "there holds other runs than those of" in capsys.readouterr().err


def test_a_source_may_differ_in_what_stands_elsewhere_too(asked) -> None:
    line = ["--source", "mine --env cartpole-balance --method p-coral", "--init-parts", "rssm", "--seeds", "1"]
    assert main(["study", "transfer", *line, "--env", "cartpole-swingup", "--", "--method", "v-coral"]) == 0
    first, *_ = asked[0].runs
    assert first.name == "from-mine-seed0" and first.assembly.choices["env"].component == "cartpole-balance"
    assert {run.assembly.choices["image-loss"].component for run in asked[0].runs[1:]} == {"cv"}
    assert first.assembly.choices["image-loss"].component == "cpc"
