"""Datasets that are spoilt in one way each, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.dataset import open_dataset
from coral_cli.runs.dataset_check import cramped, in_words, look_over, named, refuse, shaped
from coral_cli.runs.picture_size import scaling

from .recorded import SENSORS, record, spoil, write_index


@pytest.fixture
def path(tmp_path):
    return record(tmp_path / "data")


def found(path, part="all", used=("eye", "skin", "depth")):
    return look_over(open_dataset(path), used, part)


def only(path, **asked):
    (one,) = found(path, **asked)
    return one


def test_a_dataset_without_a_fault_is_passed_over(path):
    heard = []
    assert look_over(open_dataset(path), ("eye", "skin"), "all", heard.append) == []
    assert heard == [1, 2, 3]
    assert found(path, "numbers") == found(path, "pictures") == []


def degrees(a):
    a["action"] = np.where(a["action"] == 0, 0, np.where(a["action"] > 0, 90, -45)).astype(np.float32)


def early(a):
    a["action"] = np.roll(a["action"], -1, 0)  # a_t beside o_t


def unreset(a):
    a["action"][0] = 0.5


def paid_first(a):
    a["reward"] += 1


def ends_inside(a):
    a["terminated"][1] = True


def nan(name):
    def change(a):
        a[name][2] = np.nan

    return change


def floats(a):
    a["eye"] = (a["eye"] / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "numbers", "kind", "words"),
    [
        (degrees, (0, 2), "action-range", "actions lie outside [-1, 1]: they go from -45 to 90 (in 2 of 3 episodes)"),
        (early, (), "first-action", "row 0 holds an action and the last row none: actions stand a row early"),
        (unreset, (), "first-action", "row 0 holds an action, but none has led to the first observation (in all 3 ep"),
        (paid_first, (1,), "first-reward", "row 0 holds a reward, but no action has led to the first observation"),
        (ends_inside, (2,), "end-inside", "goes on after a row in which it is `terminated` (in 1 of 3 episodes)"),
        (nan("skin"), (0,), "not-finite", "'skin' has values that are not finite (in 1 of 3 episodes)"),
        (nan("reward"), (0, 1), "not-finite", "'reward' has values that are not finite (in 2 of 3 episodes)"),
        (nan("action"), (1,), "not-finite", "'action' has values that are not finite"),
        (floats, (), "image-type", "'eye' is float32, but images are uint8, 0 to 255 (in all 3 episodes)"),
        (lambda a: a.pop("reward"), (2,), "unreadable", "episode-000002.npz holds no array 'reward' (in 1 of 3"),
        (lambda a: a.update(skin=a["skin"][:, :1]), (0,), "unreadable", "'skin' in"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_and_counted(path, change, numbers, kind, words):
    spoil(path, change, *numbers)
    one = only(path, part="numbers")
    assert (one.kind, one.refused) == (kind, True) and only(path) == one
    assert one.hint.endswith(".") or kind == "unreadable"
    assert words in in_words(one, open_dataset(path))
    with pytest.raises(UnreadableError) as refused:
        refuse([one], open_dataset(path))
    assert one.message in refused.value.message and refused.value.hint == one.hint


def constant(name, value):
    def change(a):
        a[name][:] = value

    return change


def frozen(a):
    a["eye"][:] = a["eye"][0]


@pytest.mark.parametrize(
    ("change", "numbers", "kind", "words"),
    [
        (constant("eye", 7), (), "constant", "'eye' never changes"),
        (constant("skin", -2.5), (), "constant", "'skin' never changes"),
        (frozen, (0, 1), "frozen", "'eye' shows the same picture from an episode's beginning to its end (in 2 of 3"),
        (constant("reward", 0), (), "no-rewards", "every reward is 0"),
        (constant("action", 0), (), "no-actions", "every action is 0"),
        (lambda a: a.update(eye=a["eye"] // 128), (), "dark", "no pixel of 'eye' is above 1"),
        (lambda a: a["missing"].__setitem__((slice(None), 1), True), (), "missing", "'skin' is missing in every row"),
    ],
)
def test_what_is_odd_is_told(path, change, numbers, kind, words):
    spoil(path, change, *numbers)
    one = only(path)
    assert (one.kind, one.refused) == (kind, False) and words in in_words(one, open_dataset(path))
    refuse([one], open_dataset(path))


def test_an_episode_of_one_row_is_told(path):
    spoil(path, lambda a: a.update({name: value[:1] for name, value in a.items()}), 2)
    episodes = open_dataset(path).metadata["episodes"]
    episodes[2]["rows"] = 1
    write_index(path, episodes=episodes)
    one = only(path)
    assert (one.kind, one.refused, one.episodes) == ("one-row", False, 1)


def test_what_is_missing_is_not_looked_at(path):
    def gone(a):
        a["skin"][2], a["missing"][2, 1] = np.nan, True

    spoil(path, gone)
    assert found(path) == []


def test_sensors_that_nobody_uses_are_not_looked_at(path):
    spoil(path, nan("skin"))
    assert found(path, used=("eye",)) == []


def test_types_that_differ_without_harm_are_taken(path):
    spoil(path, lambda a: a.update(skin=a["skin"].astype(float), terminated=a["terminated"].astype(np.int64)))
    assert found(path) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda rows: np.full((rows, 8, 8, 1), 1500, np.uint16), "is uint16, as millimetres are"),
        (lambda rows: np.full((rows, 8, 8, 1), 1500, np.float32), "is mostly above 100, as millimetres are"),
        (lambda rows: np.full((rows, 8, 8, 1), 1.5, np.float32), ""),
    ],
)
def test_depth_is_in_metres(path, values, words):
    def deep(a):
        a["depth"] = values(len(a["reward"]))
        a["depth"][1:] += 1  # or else it is constant
        a["missing"] = np.zeros((len(a["reward"]), 3), bool)

    spoil(path, deep)
    write_index(path, sensors={**SENSORS, "depth": {"kind": "depth", "shape": [8, 8, 1]}})
    told = found(path)
    assert [(one.kind, one.refused, one.episodes) for one in told] == [("depth-unit", True, 3)] * bool(words)
    assert not words or words in told[0].message


def test_absent_rewards_are_no_fault_once_the_index_says_so(path):
    spoil(path, lambda a: a.pop("reward"))
    write_index(path, reward="absent")
    assert found(path) == [] and "reward" not in next(open_dataset(path).episodes())
    write_index(path, reward="some")
    with pytest.raises(UnreadableError, match="reward is neither 'absent' nor 'present'"):
        open_dataset(path)


def test_several_problems_are_counted_in_one_sentence(path):
    spoil(path, degrees)
    spoil(path, ends_inside)
    with pytest.raises(UnreadableError, match=r"actions lie outside .*\(in all 3 episodes\), and 1 more: see `coral"):
        refuse(found(path), open_dataset(path))


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("observation.images.front", "has another character", "--rename observation.images.front=front"),
        ("rgb camera", "has another character", "--rename 'rgb camera=rgb_camera'"),
        ("fro_nt", "is taken", "--rename fro_nt=fro_nt_sensor"),
        ("reward", "is taken", "--rename reward=reward_sensor"),
        ("keys", "is taken", "--rename keys=keys_sensor"),
    ],
)
def test_names_that_no_sensor_can_have_are_refused(name, words, hint):
    (one,) = named(["fro-nt", name], lambda word: word == "keys")
    assert one.refused and words in one.message and hint in one.hint


def test_channels_stand_last():
    sensors = {"front": Sensor("front", "image", (3, 96, 96)), "stack": Sensor("stack", "image", (64, 64, 9))}
    (one,) = shaped(sensors, {}, "crop")
    assert (one.kind, one.refused) == ("channels-first", True) and "3x96x96" in one.message


def test_larger_pictures_are_told_with_what_is_cut_off():
    sensors = {name: Sensor(name, "image", (480, 640, 3)) for name in ("front", "wrist")}
    sizes = {name: scaling((480, 640), 0, (64, 64), 12) for name in sensors}
    (one,) = shaped(sensors, sizes, "crop")
    assert not one.refused
    assert one.message == (
        "pictures of 'front' and 'wrist' are 480x640, and are scaled by area to 76x76; 25 % of each is cut off at "
        "its sides"
    )
    assert "--fit pad" in one.hint
    (one,) = shaped(sensors, sizes, "pad")
    assert one.message.endswith("scaled by area to 76x76, between black bars")


def test_pictures_without_room_for_crops_are_told():
    sensors = {"front": Sensor("front", "image", (64, 64, 3)), "wrist": Sensor("wrist", "image", (76, 76, 3))}
    (one,) = cramped(sensors, {name: scaling(one.shape[:2], 0, (64, 64), 12) for name, one in sensors.items()})
    assert "'front' are 64x64" in one.message and "76x76" in one.message and not one.refused


def test_all_pictures_without_room_for_crops_are_told_at_once():
    sides = {"front": (64, 64), "wrist": (64, 64), "side": (40, 64), "wide": (90, 90)}
    sensors = {name: Sensor(name, "image", (*size, 3)) for name, size in sides.items()}
    (one,) = cramped(sensors, {name: scaling(size, 0, (64, 64), 12) for name, size in sides.items()})
    assert one.message == (
        "pictures of 'front' and 'wrist' are 64x64, and random crops, which contrastive losses need, take 76x76; "
        "those of 'side' are 40x64, and crops take 52x76"
    )
