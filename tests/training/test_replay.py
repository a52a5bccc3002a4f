"""The replay: its cap, what it samples, how it survives a process."""

import errno
import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest

from coral_cli.plugin import Sensor
from coral_cli.registry.errors import CoralError, UnreadableError, UsageError
from coral_cli.training.replay import Replay

SENSORS = {"image": Sensor("image", "image", (6, 8, 3)), "skin": Sensor("skin", "vector", (2,))}


def episode(number, length):
    """Every array tells the episode and the step: value = 100 * number + step."""
    value = 100 * number + np.arange(length)
    image = np.zeros((length, 6, 8, 3), np.uint8)
    image[..., 0] = np.arange(6)[:, None]  # row
    image[..., 1] = np.arange(8)  # column
    image[..., 2] = (value % 256)[:, None, None]
    return {
        "image": image,
        "skin": np.stack([value, value], 1).astype(np.float32),
        "action": value[:, None].astype(np.float32),
        "reward": value.astype(np.float32),
        "terminated": np.arange(length) == length - 1,
    }


def filled(capacity=30, lengths=(10, 10, 10), directory=None):
    replay = Replay(SENSORS, 1, capacity, directory)
    for number, length in enumerate(lengths):
        replay.add(episode(number, length))
    return replay


def test_the_cap_is_hard_and_the_oldest_episodes_make_room():
    replay = Replay(SENSORS, 1, 25)
    expected = [[0], [0, 1], [1, 2], [2, 3]]
    for number, kept in enumerate(expected):
        replay.add(episode(number, 10))
        assert replay.episodes.serial.tolist() == kept
        assert replay.size <= 25
        np.testing.assert_array_equal(
            replay.everything("reward"), np.concatenate([episode(k, 10)["reward"] for k in kept])
        )


def test_memory_is_taken_once_and_announced():
    replay = filled()

    def arrays():  # views, all rows of each
        return {name: replay.read(name, slice(None)) for name in replay.layout}

    per_transition = 6 * 8 * 3 + 2 * 4 + 4 + 4 + 1 + 2  # image, skin, action, reward, terminated, missing
    assert replay.bytes == 30 * per_transition == sum(array.nbytes for array in arrays().values())
    before = {name: array.ctypes.data for name, array in arrays().items()}
    for number in range(3, 20):
        replay.add(episode(number, 7))
    assert before == {name: array.ctypes.data for name, array in arrays().items()}


def test_images_stay_uint8():
    assert filled().sample(2, 3, np.random.default_rng(0))["image"].dtype == np.uint8


def test_sequences_are_consecutive_and_never_cross_an_episode():
    replay = filled(capacity=37, lengths=(10,) * 8)
    assert replay.episodes.start.tolist() == [13, 23, 33]  # the last one goes on in the first row
    batch = replay.sample(500, 4, np.random.default_rng(0))
    assert batch["reward"].shape == (500, 4)
    assert (np.diff(batch["reward"], axis=1) == 1).all()
    assert (batch["reward"] // 100 == batch["reward"][:, :1] // 100).all()
    np.testing.assert_array_equal(batch["skin"][..., 0], batch["reward"])
    np.testing.assert_array_equal(batch["image"][..., 0, 0, 2], batch["reward"] % 256)
    np.testing.assert_array_equal(batch["terminated"], batch["reward"] % 100 == 9)
    assert "mask" not in batch


def test_uniform_over_episodes_then_over_starts():
    replay = filled(capacity=100, lengths=(5, 50))
    starts = replay.sample(20_000, 3, np.random.default_rng(0))["reward"][:, 0]
    short = starts < 100
    assert short.mean() == pytest.approx(0.5, abs=0.02)  # though it holds 1/11 of the transitions
    counts = np.bincount(starts[short].astype(int), minlength=3)
    assert len(counts) == 3 and counts == pytest.approx(len(starts[short]) / 3, rel=0.1)
    assert np.unique(starts[~short]).tolist() == list(range(100, 148))


def test_an_episode_shorter_than_the_sequence_is_masked():
    batch = filled(lengths=(3,)).sample(4, 5, np.random.default_rng(0))
    assert batch["mask"].tolist() == [[True, True, True, False, False]] * 4
    assert batch["reward"].tolist() == [[0, 1, 2, 2, 2]] * 4


def test_crops_are_windows_with_one_offset_per_sequence():
    batch = filled().sample(200, 4, np.random.default_rng(0), crop_margin=2)
    image = batch["image"]  # (B, T, 4, 6, 3); channel 0 is the row, channel 1 the column it came from
    assert image.shape == (200, 4, 4, 6, 3)
    top, left = image[:, 0, 0, 0, 0], image[:, 0, 0, 0, 1]
    assert set(zip(top.tolist(), left.tolist(), strict=True)) == set(itertools.product(range(3), range(3)))
    assert (image[..., 0] == top[:, None, None, None] + np.arange(4)[:, None]).all()
    assert (image[..., 1] == left[:, None, None, None] + np.arange(6)).all()
    np.testing.assert_array_equal(image[:, :, 0, 0, 2], batch["reward"] % 256)


def test_a_part_of_a_batch_is_that_of_the_whole_one():
    """Each of several processes reads its own, and all draw the same."""
    replay = Replay(SENSORS, 1, 30)
    for number, length in enumerate((10, 3, 10)):
        missing = np.zeros((length, 2), np.bool_)
        missing[:, number % 2] = True
        replay.add(episode(number, length) | {"missing": missing})
    randoms = np.random.default_rng(0), np.random.default_rng(0)
    whole, part = replay.sample(9, 5, randoms[0], 2), replay.sample(9, 5, randoms[1], 2, slice(2, 5))
    assert part.keys() == whole.keys() and {"mask", "missing/image", "missing/skin"} < part.keys()
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][2:5])
    assert randoms[0].random() == randoms[1].random()


def test_a_sensor_is_missing_where_it_was():
    replay, missing = Replay(SENSORS, 1, 30), np.zeros((4, 2), np.bool_)
    missing[2, 1] = True
    replay.add(episode(0, 4) | {"missing": missing})
    batch = replay.sample(1, 4, np.random.default_rng(0))
    assert batch["missing/skin"].tolist() == [[False, False, True, False]] and "missing/image" not in batch


def test_another_process_finds_everything_again(tmp_path):
    replay = filled(directory=tmp_path)
    replay.flush()
    again = Replay(SENSORS, 1, 30, tmp_path)
    assert again.episodes.serial.tolist() == [0, 1, 2] and again.next_serial == 3
    for seed in range(3):
        ours, theirs = (r.sample(5, 4, np.random.default_rng(seed), 2) for r in (replay, again))
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_what_came_after_the_checkpoint_is_forgotten(tmp_path):
    filled(directory=tmp_path)
    again = Replay(SENSORS, 1, 30, tmp_path)
    again.forget_after(2)
    assert again.episodes.serial.tolist() == [0, 1]
    again.add(episode(7, 10))
    assert again.episodes.serial.tolist() == [0, 1, 2]
    assert again.everything("reward")[-1] == 709


def test_a_larger_budget_makes_a_larger_ring(tmp_path):
    filled(directory=tmp_path)
    again = Replay(SENSORS, 1, 50, tmp_path)
    again.add(episode(3, 10))
    assert again.episodes.serial.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(again.everything("reward"), np.arange(4).repeat(10) * 100 + np.tile(np.arange(10), 4))


def test_a_smaller_budget_loses_nothing(tmp_path):
    filled(directory=tmp_path)
    again = Replay(SENSORS, 1, 12, tmp_path)
    assert again.capacity == 30
    np.testing.assert_array_equal(again.everything("reward"), np.arange(3).repeat(10) * 100 + np.tile(np.arange(10), 3))


@pytest.mark.parametrize(("capacity", "count"), [(30, 5), (35, 4)], ids=["between episodes", "within the last one"])
def test_a_ring_that_has_wrapped_keeps_its_size(capacity, count, tmp_path):
    filled(capacity, (10,) * count, tmp_path)
    again = Replay(SENSORS, 1, 50, tmp_path)
    assert again.capacity == capacity
    np.testing.assert_array_equal(
        again.everything("reward"), np.arange(count - 3, count).repeat(10) * 100 + np.tile(np.arange(10), 3)
    )


def test_an_episode_that_cannot_fit_is_refused():
    with pytest.raises(UsageError, match="31 transitions does not fit a replay of 30"):
        filled(lengths=(31,))


def test_too_little_disk_is_said_before_anything_starts(tmp_path):
    with pytest.raises(CoralError, match="disk are free"):
        Replay(SENSORS, 1, 10**13, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_on_the_disk_already_needs_no_room_there(tmp_path, monkeypatch):
    filled(directory=tmp_path)
    full = SimpleNamespace(disk_usage=lambda place: SimpleNamespace(free=0))
    monkeypatch.setattr("coral_cli.training.replay_rows.shutil", full)
    assert Replay(SENSORS, 1, 30, tmp_path).size == 30
    with pytest.raises(CoralError, match="but only 0 MB of disk are free"):
        Replay(SENSORS, 1, 30_000, tmp_path)


def test_a_damaged_index_is_named(tmp_path):
    filled(directory=tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"serial": []}))
    with pytest.raises(UnreadableError, match=r"index\.json is damaged"):
        Replay(SENSORS, 1, 30, tmp_path)


@pytest.mark.parametrize("harm", ["unlink", "truncate"])
def test_lost_rows_are_named(harm, tmp_path):
    filled(directory=tmp_path)
    file = tmp_path / "skin.bin"
    file.unlink() if harm == "unlink" else file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UnreadableError, match=r"skin\.bin of the replay is missing or was cut short"):
        Replay(SENSORS, 1, 30, tmp_path)


def test_a_replay_that_lacks_what_the_checkpoint_has_seen_is_refused(tmp_path):
    filled(directory=tmp_path)
    (tmp_path / "index.json").unlink()
    with pytest.raises(UnreadableError, match="holds no index of the replay"):
        Replay(SENSORS, 1, 30, tmp_path).forget_after(3)


def test_rows_go_on_behind_the_last_that_is_kept(tmp_path):
    """Else episodes would overlap in a ring that is nearly full."""
    replay = filled(directory=tmp_path, lengths=(10, 10, 10))
    replay.forget_after(1)
    replay.add(episode(7, 10))
    replay.add(episode(8, 10))
    expected = [100 * number + step for number in (0, 7, 8) for step in range(10)]
    assert replay.everything("reward").tolist() == expected


def test_a_crash_while_rows_are_written_leaves_no_torn_episode(tmp_path):
    replay = filled(directory=tmp_path)
    with pytest.raises(KeyError):
        replay.add({name: value for name, value in episode(7, 10).items() if name != "terminated"})
    again = Replay(SENSORS, 1, 30, tmp_path)
    assert again.episodes.serial.tolist() == [1, 2]  # the first one's rows may hold others by now


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    """Writing to a mapped file that the disk has no room for would be a bus error."""
    replay, asked = filled(directory=tmp_path, lengths=(10, 10)), []

    def failing(number):
        def fail(descriptor, start, size):
            asked.append((start, size))
            raise OSError(number, "no")

        monkeypatch.setattr("os.posix_fallocate", fail)

    failing(errno.EOPNOTSUPP)  # a file system that cannot tell
    replay.add(episode(6, 5))
    replay.forget_after(2)
    asked.clear()
    failing(errno.ENOSPC)
    with pytest.raises(CoralError, match=r"there is no room left to write .*image\.bin"):
        replay.add(episode(7, 10))
    assert asked == [(20 * 6 * 8 * 3, 10 * 6 * 8 * 3)]


def test_an_empty_replay_says_so():
    with pytest.raises(CoralError, match="empty"):
        Replay(SENSORS, 1, 30).sample(1, 2, np.random.default_rng(0))
