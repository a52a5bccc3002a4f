"""The replay's index: whatever is wrong with it is found before a file is touched, and its copy stands in for it."""

import json

import numpy as np
import pytest

from coral_cli.plugin import Sensor
from coral_cli.registry.errors import UnreadableError
from coral_cli.training.replay import Replay
from coral_cli.training.replay_index import COPY, NAME, read_index

SENSORS = {"skin": Sensor("skin", "vector", (2,))}


def episode(number, length):
    """Every array tells the episode and the step: value = 100 * number + step."""
    value = (100 * number + np.arange(length)).astype(np.float32)
    ended = np.arange(length) == length - 1
    return {"skin": np.stack([value, value], 1), "action": value[:, None], "reward": value, "terminated": ended}


def filled(directory, lengths=(10, 10, 10), capacity=30, flush=True):
    replay = Replay(SENSORS, 1, capacity, directory)
    for number, length in enumerate(lengths):
        replay.add(episode(number, length))
    if flush:
        replay.flush()
    return replay


def rewards(*numbers, length=10):
    return [100 * number + step for number in numbers for step in range(length)]


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def change(directory, names=(NAME, COPY), **values):
    """As somebody would who writes no checksum: an older coral."""
    document = json.loads((directory / NAME).read_text())
    del document["checksum"]
    for name in names:
        (directory / name).write_text(json.dumps(document | values))


@pytest.mark.parametrize(
    "values",
    [
        {"capacity": 0},
        {"capacity": -1},
        {"capacity": 12},
        {"capacity": 10**30},
        {"capacity": 30.0},
        {"capacity": "30"},
        {"capacity": True},
        {"cursor": 30},
        {"cursor": -1},
        {"cursor": 5},
        {"next_serial": 2},
        {"next_serial": None},
        {"start": [-10, 0, 10]},
        {"start": [0, 10, 30]},
        {"start": [0, 5, 20]},
        {"start": [0, 10.0, 20]},
        {"start": [0, 10]},
        {"start": {"0": 1}},
        {"start": [0, 10, 10**30]},
        {"length": [10, 10, 11]},
        {"length": [10, 0, 10]},
        {"length": [10, -10, 30]},
        {"length": [10, 0, 20], "start": [0, 10, 10]},
        {"length": [30, 30, 30], "start": [0, 0, 0]},
        {"serial": [], "start": [], "length": [], "cursor": 30},
        {"length": [10, 30, 10]},
        {"serial": [0, 2, 1]},
        {"serial": [1, 1, 2]},
        {"serial": [-1, 0, 1]},
        {"row_bytes": [1, 2]},
        {"row_bytes": {"skin": 8.0}},
    ],
    ids=str,
)
def test_an_index_that_no_replay_writes_is_refused_and_nothing_is_touched(values, tmp_path):
    filled(tmp_path)
    change(tmp_path, **values)
    before = contents(tmp_path)
    with pytest.raises(UnreadableError):
        Replay(SENSORS, 1, 5, tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000, "\x00" * 300, '{"checksum": 3}'])
def test_text_that_is_no_index_is_refused(text, tmp_path):
    filled(tmp_path)
    for name in (NAME, COPY):
        (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(UnreadableError, match=r"index\.json is damaged"):
        Replay(SENSORS, 1, 30, tmp_path)
    assert contents(tmp_path) == before


def test_a_digit_that_has_changed_is_found_by_the_checksum(tmp_path):
    filled(tmp_path)
    text = (tmp_path / NAME).read_text().replace('"next_serial": 3', '"next_serial": 4')
    for name in (NAME, COPY):
        (tmp_path / name).write_text(text)
    with pytest.raises(UnreadableError, match="its checksum is wrong"):
        Replay(SENSORS, 1, 30, tmp_path)


def test_an_index_of_an_older_coral_is_read(tmp_path):
    filled(tmp_path)
    document = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps({k: v for k, v in document.items() if k not in ("checksum", "row_bytes")}))
    (tmp_path / COPY).unlink()
    again = Replay(SENSORS, 1, 30, tmp_path)
    assert again.everything("reward").tolist() == rewards(0, 1, 2) and again.remark == ""


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_the_copy_stands_in_for_an_index_that_is(harm, tmp_path):
    replay = filled(tmp_path)
    replay.forget_after(2)
    replay.add(episode(7, 10))  # after the checkpoint
    (tmp_path / NAME).unlink() if harm == "lost" else (tmp_path / NAME).write_text("{")
    again = Replay(SENSORS, 1, 30, tmp_path)
    again.forget_after(2)
    assert again.everything("reward").tolist() == rewards(0, 1)
    assert ("is gone" if harm == "lost" else "is damaged") in again.remark and "from its copy" in again.remark
    again.add(episode(8, 10))
    third = Replay(SENSORS, 1, 30, tmp_path)
    assert third.everything("reward").tolist() == rewards(0, 1, 8) and third.remark == ""


@pytest.mark.parametrize("added", range(1, 8))
def test_the_copy_never_lists_rows_that_hold_something_else(added, tmp_path):
    replay = filled(tmp_path, lengths=(10, 10), capacity=35)
    for number in range(2, 2 + added):
        replay.add(episode(number, 10))
    (tmp_path / NAME).unlink()
    again = Replay(SENSORS, 1, 35, tmp_path)
    listed = again.episodes.serial.tolist()
    assert listed == ([0, 1] if added == 1 else replay.episodes.serial.tolist()[:-1])
    assert again.everything("reward").tolist() == rewards(*listed)


def test_rows_that_a_crash_left_half_written_are_listed_no_more(tmp_path):
    replay = filled(tmp_path)
    with pytest.raises(KeyError):
        replay.add({name: value for name, value in episode(7, 10).items() if name != "terminated"})
    for _ in range(2):
        assert read_index(tmp_path)[0].episodes.serial.tolist() == [1, 2]
        (tmp_path / NAME).unlink(missing_ok=True)


def test_what_takes_the_number_of_a_forgotten_episode_stays(tmp_path):
    """The copy had dropped all up to number 3, which came after the checkpoint."""
    replay = filled(tmp_path, lengths=(10,) * 7)
    assert replay.episodes.serial.tolist() == [4, 5, 6]
    again = Replay(SENSORS, 1, 30, tmp_path, known=3)
    again.forget_after(3)
    again.add(episode(8, 10))
    third = Replay(SENSORS, 1, 30, tmp_path)
    assert third.episodes.serial.tolist() == [3] and third.everything("reward").tolist() == rewards(8)


def test_only_a_checkpoint_waits_for_the_disk(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr("coral_cli.runs.files.to_disk", lambda path: waited.append(path.name))
    replay = filled(tmp_path, lengths=(10,) * 5, flush=False)
    assert waited == []
    replay.flush()
    assert [name for name in waited if "index" in name] == [f".{name}.partial" for name in (NAME, COPY)]


def test_files_never_become_shorter(tmp_path):
    filled(tmp_path)
    for name in (NAME, COPY):
        (tmp_path / name).unlink()
    before = contents(tmp_path)
    Replay(SENSORS, 1, 5, tmp_path)
    assert contents(tmp_path) == before


def test_rows_of_another_size_are_refused_and_nothing_is_touched(tmp_path):
    filled(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UnreadableError, match="has 8 bytes of 'skin' a step, not 4"):
        Replay({"skin": Sensor("skin", "vector", (1,))}, 1, 30, tmp_path)
    with pytest.raises(UnreadableError, match="has 4 bytes of 'action' a step, not 8"):
        Replay(SENSORS, 2, 50, tmp_path)
    with pytest.raises(UnreadableError, match="has 0 bytes of 'eye' a step, not 12"):
        Replay({"eye": Sensor("eye", "vector", (3,))} | SENSORS, 1, 30, tmp_path)
    assert contents(tmp_path) == before


def test_a_replay_that_lacks_what_is_known_of_it_makes_no_files(tmp_path):
    with pytest.raises(UnreadableError, match="holds no index of the replay"):
        Replay(SENSORS, 1, 30, tmp_path / "replay", known=3)
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_of_an_index_is_what_is_written_anew(tmp_path):
    """Every episode adds to the text of the last index, and takes from it; the lists say the same."""
    replay, random = Replay(SENSORS, 1, 40, tmp_path), np.random.default_rng(0)
    for number in range(60):
        if number % 20 == 19:
            replay.forget_after(replay.next_serial - 1)
        replay.add(episode(number, int(random.integers(1, 12))))
        document = json.loads((tmp_path / NAME).read_text())
        lists = {name: document[name] for name in ("serial", "start", "length")}
        assert lists == {name: getattr(replay.episodes, name).tolist() for name in lists}
        assert read_index(tmp_path)[0].episodes.serial.tolist() == lists["serial"], "and the checksum is right"


def test_an_episode_as_long_as_the_ring_takes_the_place_of_all(tmp_path):
    replay = filled(tmp_path)
    replay.add(episode(7, 30))
    again = Replay(SENSORS, 1, 30, tmp_path)
    assert again.everything("reward").tolist() == (700 + np.arange(30)).tolist()
