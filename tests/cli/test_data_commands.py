"""``coral data show`` and ``coral data check``: what they print, and how they end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ..runs.recorded import record, spoil, write_index


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return record(tmp_path / "data", fps=4)


def test_a_dataset_is_shown(coral, data):
    outcome = coral("data", "show", "data")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[:5] == [
        "dataset     data",
        "episodes    3 of 3 to 5 actions, the median 4; 12 in all",
        "rate        4 rows a second, 0:00:03 in all",
        "sensors     eye   image 8x8x3 uint8",
        f"            skin  vector 2 float32, {lines[4].partition('float32, ')[2]}",
    ]
    assert lines[6:8] == [
        "rewards     from 0.20 to 1.00; returns 2.50 on average, from 2.00 to 3.00",
        "ends        1 terminated, 2 cut off",
    ]


def test_shown_for_programs(coral, data):
    told = json.loads(coral("data", "show", "data", "--json").out)
    assert told["path"] == "data" and told["episodes"] == 3 and told["image"] is None


def test_what_is_known_of_its_origin_is_shown(coral, data):
    source = {"format": "lerobot", "path": "arm", "bytes": 100, "lossy": True}
    scale = {"by": "bounds", "low": [-2, -2], "high": [2, 2]}
    write_index(data, source=source, reward="absent", fps=None, action_scale=scale)
    out = coral("data", "show", "data").out
    assert "from        lerobot arm\n" in out and "rewards     absent\n" in out
    assert 'rate        not recorded ("fps" in dataset.json)\n' in out
    assert ", scaled by bounds\n" in out
    assert "times the 100 B of its source, whose pictures are lossy and packed here without loss\n" in out
    write_index(data, source={"format": "minari"})
    out = coral("data", "show", "data").out
    assert "from        minari\n" in out
    assert "; pictures are packed without loss, which takes about twice what a lossy video does\n" in out


def test_pictures_are_drawn(coral, data):
    from PIL import Image

    outcome = coral("data", "show", "data", "--image", "strip.png", "--frames", "3", "--episode", "1")
    assert outcome.code == 0 and outcome.out.endswith("image       strip.png\n")
    with Image.open("strip.png") as image:
        assert image.size == (3 * 192 + 2 * 4, 192)


def test_a_terminal_without_colours_is_told_what_else_draws(coral, data):
    outcome = coral("data", "show", "data", "--pictures")
    assert outcome.code == 0 and outcome.err == (
        "note: pictures need a terminal with 256 colours or more; --image draws them.\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pictures", "--episode", "3"], "there is no episode 3"),
        (["--image", "strip.jpg"], "--image is 'strip.jpg', but pictures are .png files"),
        (["--image", "strip.png", "--episode", "3"], "there is no episode 3"),
    ],
)
def test_pictures_that_cannot_be_drawn(coral, data, words, message):
    outcome = coral("data", "show", "data", *words)
    assert outcome.code == 2 and message in outcome.err and outcome.err.count("hint: ") == 1


def test_a_dataset_without_pictures_has_none_to_draw(coral, data):
    spoil(data, lambda a: a.update(missing=a["missing"][:, :1]))
    write_index(data, sensors={"skin": {"kind": "vector", "shape": [2]}})
    outcome = coral("data", "show", "data", "--image", "strip.png")
    assert outcome.code == 2 and "holds no pictures" in outcome.err


def test_some_episodes_that_are_gone_do_not_keep_the_rest_from_being_shown(coral, data):
    (data / "episode-000001.npz").unlink()
    outcome = coral("data", "show", "data")
    assert outcome.code == 0
    assert "unreadable  1 of 3 episodes: data/episode-000001.npz is missing or damaged" in outcome.out


@pytest.mark.parametrize("command", ["show", "check"])
def test_what_is_no_dataset_is_refused(coral, data, command):
    (data.parent / "runs" / "a" / "replay").mkdir(parents=True)
    (data.parent / "runs" / "a" / "run.json").write_text("{}")
    for place, message in (
        ("nowhere", "nowhere is no dataset: it does not exist."),
        (".", "it holds no dataset.json."),
        ("runs/a/replay", "runs/a/replay is a part of a run, and no dataset"),
        ("runs/a", "runs/a is a run, and no dataset"),
    ):
        outcome = coral("data", command, place)
        assert (outcome.code, outcome.out) == (4, "") and message in outcome.err
    assert outcome.err.endswith("hint: Record one with its agent: coral rollout --agent runs/a --out DIR.\n")
    write_index(data, episodes=[])
    assert "holds no episode" in coral("data", command, "data").err


def test_a_dataset_without_a_fault_passes(coral, data):
    outcome = coral("data", "check", "data")
    # random crops take 12 pixels more than the 32 that a model sees at least
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "data: 3 episodes, 15 rows: 1 note"


@pytest.mark.parametrize(
    ("side", "kinds", "words"),
    [
        (44, [], ""),  # 32 for the model, and 12 for random crops
        (60, ["scaled"], "scaled by area to 44x44"),
        (40, ["no-margin"], "random crops, which contrastive losses need, take 44x44"),
    ],
)
def test_sizes_are_judged_with_the_margin_of_random_crops(coral, data, side, kinds, words):
    spoil(data, lambda a: a.update(eye=random_pictures(len(a["action"]), side)))
    sensors = json.loads((data / "dataset.json").read_text())["sensors"]
    sensors["eye"]["shape"] = [side, side, 3]
    write_index(data, sensors=sensors, image_size=[32])
    told = json.loads(coral("data", "check", "data", "--json").out)
    assert [note["kind"] for note in told["notes"]] == kinds and words in json.dumps(told["notes"])


def random_pictures(rows, side):
    return np.random.default_rng(0).integers(256, size=(rows, side, side, 3), dtype=np.uint8)


def test_problems_come_first_and_end_with_1(coral, data):
    spoil(data, lambda a: a.update(action=a["action"] * 10), 0, 1)
    spoil(data, lambda a: a["eye"].__setitem__(slice(None), 3))
    outcome = coral("data", "check", "data")
    assert (outcome.code, outcome.err) == (1, "")
    lines = outcome.out.splitlines()
    assert lines[0].startswith("problem: actions lie outside [-1, 1]: ")
    assert lines[0].endswith(" (in 2 of 3 episodes).")
    assert lines[1] == "  hint: Scale each number by its bounds, and keep the bounds for whoever acts."
    assert "note: 'eye' never changes." in lines
    assert lines[-1] == "data: 3 episodes, 15 rows: 1 problem, 2 notes"


def test_quick_reads_no_pictures(coral, data):
    spoil(data, lambda a: a["eye"].__setitem__(slice(None), 3))
    told = json.loads(coral("data", "check", "data", "--quick", "--json").out)
    assert told["pictures_read"] is False and [note["kind"] for note in told["notes"]] == ["no-margin"]
    told = json.loads(coral("data", "check", "data", "--json").out)
    assert told["pictures_read"] is True and [note["kind"] for note in told["notes"]] == ["no-margin", "constant"]
    assert told["problems"] == [] and told["rows"] == 15


def test_names_with_dots_are_a_problem_until_they_are_renamed(coral, data):
    spoil(data, lambda a: a.update({"images.eye": a.pop("eye")}))
    sensors = json.loads((data / "dataset.json").read_text())["sensors"]
    write_index(data, sensors={"images.eye": sensors["eye"], "skin": sensors["skin"]})
    outcome = coral("data", "check", "data")
    assert outcome.code == 1 and "no sensor can be called 'images.eye'" in outcome.out
    assert coral("data", "check", "data", "--rename", "images.eye=eye").code == 0
    for words, message in (
        ("eye=image", "has no sensor 'eye'"),
        ("images.eye=skin", "two sensors would be called 'skin'"),
        ("images.eye", "which is not OLD=NEW"),
    ):
        outcome = coral("data", "check", "data", "--rename", words)
        assert outcome.code == 2 and message in outcome.err


def test_an_environment_that_is_not_here_or_not_it_is_told(coral, data):
    env = {"kind": "environment", "component": "maze", "distribution": "coral-rl", "version": "0", "options": {}}
    write_index(data, env=env)
    outcome = coral("data", "check", "data")
    assert outcome.code == 0
    assert "dataset.json names the environment maze, whose sensors are others than 'eye', 'skin'" in outcome.out
    write_index(data, env={**env, "distribution": "nobodys"})
    outcome = coral("data", "check", "data")
    assert outcome.code == 1 and 'hint: Leave "env" out of dataset.json' in outcome.out


def test_strangers_words_do_not_reach_the_terminal(coral, data):
    name = "eye\x1b[2J"
    spoil(data, lambda a: a.update({name: a.pop("eye")}))
    sensors = json.loads((data / "dataset.json").read_text())["sensors"]
    write_index(data, sensors={name: sensors["eye"], "skin": sensors["skin"]}, actions="\x1b]0;x\x07", fps=4)
    for command in ("show", "check"):
        outcome = coral("data", command, "data")
        assert "\x1b" not in outcome.out + outcome.err and "eye" in outcome.out


def test_numbers_that_are_none_are_counted(coral, data):
    spoil(data, lambda a: a["skin"].__setitem__((0, 0), np.nan))
    assert "and 3 that are not finite" in coral("data", "show", "data").out
