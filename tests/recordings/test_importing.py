"""Recordings become a dataset, or nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from coral_cli.plugin import RecordedEpisode, Sensor, UnreadableError, UsageError
from coral_cli.recordings.importing import Wishes, described, import_recordings
from coral_cli.recordings.pictures import Sizing
from coral_cli.registry.stopping import Stopped
from coral_cli.runs.dataset import open_dataset

from .recorded import ACTIONS, REWARDS, Recorded

SOURCE = {"format": "made-up"}


def imported(recorded: Recorded, out: Path, report=lambda *_: None, **wishes):
    return import_recordings(recorded, SOURCE, out, Wishes(**wishes), report)


def test_a_dataset_holds_what_was_recorded(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    found = imported(Recorded(), tmp_path / "deep" / "data", report=lambda *line: told.append(line))
    dataset = open_dataset(tmp_path / "deep" / "data")
    first, second = dataset.episodes()
    assert {name: sensor.shape for name, sensor in dataset.sensors.items()} == {"rgb": (16, 24, 3), "hand": (2,)}
    assert first["rgb"][:, 0, 0, 0].tolist() == [0, 1, 2, 3] and second["rgb"][:, 0, 0, 0].tolist() == [10, 11]
    assert first["hand"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert first["reward"].tolist() == [0, *REWARDS[0]] and first["terminated"].tolist() == [False] * 3 + [True]
    record = json.loads((dataset.path / "dataset.json").read_text())
    scale = record["action_scale"]
    assert scale == {"by": "range", "low": [-0.5, 2], "high": [0.5, 4]} and record["fps"] == 10
    for number, arrays in enumerate((first, second)):
        low, high = np.array(scale["low"]), np.array(scale["high"])
        assert np.allclose(low + (arrays["action"][1:] + 1) / 2 * (high - low), ACTIONS[number], atol=1e-6)
    assert record["source"] == {"format": "made-up", "sensors": {"rgb": "eye.rgb", "hand": "hand"}}
    assert [entry["source"] for entry in record["episodes"]] == [0, 1]
    assert [entry["metrics"] for entry in record["episodes"]] == [{"success": 0}, {"success": 1}]
    assert told == [(1, 2, 4), (2, 2, 2)] and (found.episodes, found.rows) == (2, 6)
    assert record["source"].get("lossy") is None
    assert found.notes[0] == "it was raining." and "1 steps say" in found.notes[1] and "scaled" in found.notes[2]


def test_observations_are_read_once_and_after_all_actions(tmp_path: Path) -> None:
    recorded = Recorded()
    imported(recorded, tmp_path / "data", sensors=("hand",))
    assert recorded.asked == [(0, ()), (1, ()), (0, ("hand",)), (1, ("hand",))]


def test_wishes_are_granted_and_recorded(tmp_path: Path) -> None:
    wishes = {
        "sensors": ("front=eye.rgb",),
        "sizing": Sizing((8, 8)),
        "scale": "-4:4",
        "episodes": ((1, None),),
        "fps": 5,
    }
    found = imported(Recorded(), tmp_path / "data", **wishes)
    dataset = open_dataset(tmp_path / "data")
    (arrays,) = dataset.episodes()
    assert arrays["front"].shape == (2, 8, 8, 3) and arrays["action"].tolist() == [[0, 0], [0.0625, 0.625]]
    assert dataset.metadata["source"]["size"] == [8, 8] and dataset.metadata["source"]["fit"] == "pad"
    assert dataset.metadata["fps"] == 5 and dataset.metadata["episodes"][0]["source"] == 1
    told = described(found)
    assert told["sensors"] == {"front": {"kind": "image", "shape": [8, 8, 3], "from": "eye.rgb"}}
    assert told["bytes"] == sum(file.stat().st_size for file in dataset.path.iterdir()) > 0
    assert any("16x24" in note and "black bars" in note for note in found.notes)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (((0, 99),), "2 of 2 came in."),
        (((1, 3),), "1 of 2 came in."),
        (((0, 1), (1, 3)), "2 of 2 came in."),
        (((0, 2),), ""),
        (((1, None),), ""),
    ],
)
def test_fewer_episodes_than_were_asked_for_are_told(tmp_path: Path, asked, said: str) -> None:
    found = imported(Recorded(), tmp_path / "data", episodes=asked)
    assert [note for note in found.notes if "--episodes" in note] == (
        [f"--episodes asks for more than there are: {said}"] if said else []
    )


@pytest.mark.parametrize(
    ("asked", "came"), [(((0, 1), (2, None)), [0, 2]), (((2, 3), (0, 1)), [0, 2]), (((1, 3), (0, 2)), [0, 1, 2])]
)
def test_an_episode_can_be_left_out_of_the_middle(tmp_path: Path, asked, came: list[int]) -> None:
    imported(Lengths(2, 1, 3), tmp_path / "data", episodes=asked)
    record = json.loads((tmp_path / "data" / "dataset.json").read_text())
    assert [entry["source"] for entry in record["episodes"]] == came


def test_episodes_without_an_action_are_left_out_and_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    found = imported(Lengths(0, 2, 0, 1), tmp_path / "data", report=lambda *line: told.append(line))
    record = json.loads((tmp_path / "data" / "dataset.json").read_text())
    assert [(entry["source"], entry["rows"]) for entry in record["episodes"]] == [(1, 3), (3, 2)]
    assert told == [(1, 2, 3), (2, 2, 2)] and found.episodes == 2
    assert "2 of 4 episodes have no action, and are left out: 0, 2." in found.notes
    with pytest.raises(UnreadableError, match="no episode has an action"):
        imported(Lengths(0, 0), tmp_path / "none")
    assert not (tmp_path / "none").exists()


class Lengths:
    """Recordings of episodes of so many actions, each but a number."""

    action_size, bounds, fps, lossy, notes = 1, None, None, False, ()

    def __init__(self, *lengths: int) -> None:
        self._lengths, self.episodes = lengths, len(lengths)
        self.sensors = {"hand": Sensor("hand", "vector", (1,))}

    def episode(self, number: int, sensors) -> RecordedEpisode:
        count = self._lengths[number]
        seen = {name: np.zeros((count + 1, 1), np.float32) for name in sensors}
        return RecordedEpisode(seen, np.zeros((count, 1)), np.ones(count), np.zeros(count, bool))


def test_without_rewards_the_index_says_so(tmp_path: Path) -> None:
    found = imported(Recorded(rewards=False), tmp_path / "data")
    assert json.loads((tmp_path / "data" / "dataset.json").read_text())["reward"] == "absent"
    assert not described(found)["rewards"] and any("no rewards" in note for note in found.notes)
    with np.load(tmp_path / "data" / "episode-000000.npz") as arrays:
        assert "reward" not in arrays


@pytest.mark.parametrize("taken", ["file", "directory"])
def test_a_place_that_is_taken_is_left_alone(tmp_path: Path, taken: str) -> None:
    out = tmp_path / "data"
    if taken == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine").touch()
    with pytest.raises(UsageError, match="exists"):
        imported(Recorded(), out)
    assert [path.name for path in tmp_path.rglob("*")] == (["data"] if taken == "file" else ["data", "mine"])


def test_an_empty_place_is_free(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    imported(Recorded(), tmp_path / "data")
    assert open_dataset(tmp_path / "data").transitions == 6


@pytest.mark.parametrize("error", [Stopped(), UnreadableError("it ends here."), KeyboardInterrupt()])
def test_nothing_is_left_behind(tmp_path: Path, error: BaseException) -> None:
    def stop(done: int, total: int, rows: int) -> None:
        assert done == 1 and len(list(tmp_path.iterdir())) == 1
        raise error

    with pytest.raises(type(error)) as raised:
        imported(Recorded(), tmp_path / "data", report=stop)
    assert not list(tmp_path.iterdir())
    if isinstance(error, Stopped):
        assert raised.value.sentence == "stopped by Ctrl-C while importing: nothing is left behind."


@pytest.mark.parametrize(
    "given, wishes, kind, told",
    [
        ({"episodes": 0}, {}, UnreadableError, "no episode"),
        ({"sensors": {}}, {}, UsageError, "no sensor that can be read"),
        ({}, {"episodes": ((2, None),)}, UsageError, "there are 2 episodes, and no number 2"),
        ({"more": 2}, {}, UnreadableError, "eye.rgb in episode 0 has more than 4 observations for 3 actions"),
        ({"action_size": 3}, {}, UnreadableError, "episode 0 has actions of shape"),
        ({}, {"scale": "keep"}, UsageError, "actions go from -0.5 to 4"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, given, wishes, kind, told) -> None:
    with pytest.raises(kind, match=told):
        imported(Recorded(**given), tmp_path / "data", **wishes)
    assert not list(tmp_path.iterdir())


def test_rewards_in_some_episodes_alone_are_refused(tmp_path: Path) -> None:
    class Half(Recorded):
        def episode(self, number, sensors):
            self._rewards = number == 0
            return super().episode(number, sensors)

    with pytest.raises(UnreadableError, match="episode 1 has no rewards, and others have"):
        imported(Half(), tmp_path / "data")


def test_what_was_lossy_is_said_where_pictures_are_taken(tmp_path: Path) -> None:
    found = imported(Recorded(lossy=True), tmp_path / "data")
    assert json.loads((tmp_path / "data" / "dataset.json").read_text())["source"]["lossy"] is True
    assert any("lost detail" in note for note in found.notes)
    other = imported(Recorded(lossy=True), tmp_path / "other", sensors=["hand"])
    assert not any("lost detail" in note for note in other.notes)
