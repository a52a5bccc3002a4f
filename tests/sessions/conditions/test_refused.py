"""What ``coral eval`` cannot compare is said in a sentence, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.runs.checkpoint import load, save
from coral_cli.testing import run

from .tolled import coral


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("plain elsewhere", "plain was trained in tolled, but elsewhere in other.", "evaluate those of each apart"),
        ("plain --under ad", "there is no distraction named 'ad'.", "Did you mean 'add'?"),
        ("plain --under clen", "there is no condition 'clen'.", "Did you mean 'clean'?"),
        ("plain --under --distraktion", "there is no option --distraktion.", "Did you mean --distraction?"),
        ("plain --under '--env.bonis 1'", "environment 'tolled' has no option 'bonis'", "--env.bonus"),
        ("plain --under '--env.bonus x'", "--env.bonus is 'x', which is no number.", "Write 0.001"),
        ("plain --under add.much", "there is no distraction named 'add.much'.", "Did you mean 'add'?"),
        ("plain --under '--distraction.add.much 1'", "distraction 'add' is not in use", "Add --distraction add."),
        ("taught plain --distraction.add.much 1", "plain under add.much=1.0: distraction 'add' is not", "Add --dist"),
        ("plain --under 'clean --distraction add'", "--under clean already says which distractions", "Leave clean out"),
        ("plain --under own --under own", "two conditions are called own.", "--under 'NAME=FLAGS'"),
        ("plain --under ''", "--under is empty.", "Give it a value"),
        ("plain --under own --under ''", "--under is empty.", "Write own, clean, a distraction"),
        ('plain --under "add \'"', '--under "add \'" has a quotation mark without its other.', ""),
        ("plain --under 'add extra'", "got unexpected extra argument(s) (extra).", ""),
        ("plain --under '--seed 1'", "--seed holds for all conditions.", "Write --seed outside of --under."),
        ("plain --under 'add --plugin x'", "--plugin holds for all conditions.", "outside of --under"),
        ("plain --under --env.bonus", "option '--env.bonus' requires an argument.", ""),
        ("plain --under --distraction add", "option '--distraction' requires an argument.", ""),
        ("plain --under add --env.bonus 1", "--env.bonus stands beside --under.", "Write it inside"),
        ("plain --under '--env other'", "--env holds for all conditions.", "outside of --under"),
        ("plain --under '--sensors image'", "--sensors cannot change", "An evaluation may change"),
        ("plain --proprio-encoder mlp", "--proprio-encoder cannot change", "An evaluation may change"),
        ("plain --rssm.gru 9", "--rssm.gru cannot change", "An evaluation may change"),
        ("plain --epsodes 3", "there is no option --epsodes.", "Did you mean --episodes?"),
        ("--env.bonus 3", "which options there are is not known (--env.bonus).", "Name the checkpoint, too."),
        ("plain --under disks", "--distraction disks needs a sensor of kind image, and none is in use.", "proprio"),
        ("plain --under own --losses", "--losses tells of one agent under one condition.", "Leave --losses out"),
        ("plain taught --video a.mp4", "--video a.mp4 names one film", "Write --video alone"),
        ("plain --under own --csv a.txt", "--csv is 'a.txt', but tables are .csv files.", "Write --csv a.txt.csv."),
        ("plain --under own --device cpu:3", "device 'cpu:3' is not supported.", ""),
        ("plain --env other", "--env is other, but plain was trained in tolled.", "Leave --env out"),
        (
            "plain --env.wide",
            "the environment gives proprio in the shape (3,), but the agent knows it as (2,).",
            "--env",
        ),
        ("plain --under own --under --env.wide", "under env.wide: the environment gives proprio in the shape (3,)", ""),
        ("plain --under '--env.arms 2'", "under env.arms=2: the environment takes 2 actions there, but the agent", ""),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(line: str, error: str, hint: str, runs: Path) -> None:
    outcome = coral(f"eval {line} --episodes 1")
    told = outcome.err.splitlines()
    assert outcome.code == 2 and outcome.out == ""
    assert told[0].startswith(f"error: {error}")
    assert hint in " ".join(told[1:])


def test_the_last_under_needs_its_condition(runs: Path) -> None:
    for words in ("--under", "--under add --under"):
        outcome = coral(f"eval plain {words}")
        assert (outcome.code, outcome.err.splitlines()[0]) == (2, "error: option '--under' requires an argument.")


def test_what_a_distraction_lacks_is_said_before_anything_runs(runs: Path) -> None:
    outcome = coral("eval plain --under own --under 'add --distraction.add.file nowhere'")
    assert outcome.code == 1 and outcome.out == ""
    assert outcome.err.startswith(
        "error: under add add.file=nowhere: distraction add raised FileNotFoundError: nowhere"
    )


def test_a_run_that_is_not_there(runs: Path) -> None:
    for line in ("plain nothing", "nothing --under own", "nothing --distraction add"):
        outcome = coral(f"eval {line}")
        assert (outcome.code, outcome.err.splitlines()[0]) == (4, "error: nothing does not exist.")


def test_agents_that_do_not_see_alike(runs: Path, tmp_path: Path) -> None:
    metadata, state = load(runs / "plain" / "checkpoints" / "latest.pt")
    save(tmp_path / "other.pt", metadata | {"renderer": "egl" if metadata["renderer"] != "egl" else "raycast"}, state)
    outcome = coral(f"eval plain {tmp_path}/other.pt --episodes 1")
    assert outcome.code == 2 and "error: these agents do not see alike: plain" in outcome.err
    assert coral(f"eval plain {tmp_path}/other.pt --episodes 1 --renderer raycast").code == 0


def test_a_representation_has_nothing_to_compare(runs: Path, tmp_path: Path) -> None:
    metadata, state = load(runs / "plain" / "checkpoints" / "latest.pt")
    save(tmp_path / "bare.pt", metadata | {"pretrained": True}, state)
    outcome = coral(f"eval plain {tmp_path}/bare.pt --episodes 1")
    assert outcome.code == 2 and "bare.pt was pretrained: it has no policy that could be evaluated." in outcome.err
    assert "--losses" not in outcome.err  # which are of one agent alone


def test_a_folder_of_clips_that_is_not_there(seeing: Path, tmp_path: Path) -> None:
    for folder, error in (("", "the distraction video needs a folder of clips."), ("nowhere", "there is no folder")):
        words = f"--distraction.video.folder {folder}" if folder else ""
        outcome = run(f"eval {seeing} --under own --under 'video {words}'")
        assert outcome.code == 2 and outcome.out == ""
        assert f": {error}" in outcome.err and "evaluating" not in outcome.err
