"""Sensors get names that can stand in a flag."""

import pytest

from coral_cli.plugin import UsageError
from coral_cli.recordings.naming import chosen, own_names

LEROBOT = ["observation.images.front", "observation.images.wrist", "observation.state"]


@pytest.mark.parametrize(
    "names, short",
    [
        (LEROBOT, ["front", "wrist", "state"]),
        (["images/front", "images/wrist", "state"], ["front", "wrist", "state"]),
        (["observation"], ["observation"]),
        (["agent/qpos", "sensor_data/a/rgb", "sensor_data/b/rgb"], ["qpos", "a-rgb", "b-rgb"]),
        (["Left Hand", "left_hand"], ["left-hand", "left_hand-2"]),
        (["obs/reward", "missing"], ["reward-2", "missing-2"]),
        (["..."], ["sensor"]),
    ],
)
def test_names_of_their_own(names: list, short: list) -> None:
    assert own_names(names) == dict(zip(short, names, strict=True))


def test_all_are_chosen_or_those_asked_for() -> None:
    assert list(chosen((), LEROBOT)) == ["front", "wrist", "state"]
    wishes = ("state", "eye=observation.images.front", "hand=wrist")
    assert chosen(wishes, LEROBOT) == {"state": LEROBOT[2], "eye": LEROBOT[0], "hand": LEROBOT[1]}


@pytest.mark.parametrize(
    "wishes, told",
    [
        (("frnt",), "no sensor 'frnt'"),
        (("action=front",), "can be called 'action'"),
        (("a.b=front",), "can be called 'a.b'"),
        (("=front",), "can be called ''"),
        (("eye=front", "eye=wrist"), "two sensors would be called 'eye'"),
    ],
)
def test_what_cannot_be_is_refused(wishes: tuple, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        chosen(wishes, LEROBOT)
