"""Datasets: what is written comes back, and damage is named."""

import io
import json
import zipfile

import numpy as np
import pytest

from coral_cli.plugin import Sensor
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.runs.dataset import INDEX, DatasetWriter, open_dataset

SENSORS = {"eye": Sensor("eye", "image", (4, 6, 3)), "skin": Sensor("skin", "vector", (2,))}
ABOUT = {"env": {}, "image_size": [4, 6], "render_quality": "fast", "renderer": "egl"}


def episode(rows, seed=0):
    random = np.random.default_rng(seed)
    return {
        "eye": random.integers(256, size=(rows, 4, 6, 3), dtype=np.uint8),
        "skin": random.normal(size=(rows, 2)).astype(np.float32),
        "action": random.normal(size=(rows, 1)).astype(np.float32),
        "reward": np.arange(rows, dtype=np.float32),
        "terminated": np.arange(rows) == rows - 1,
        "missing": random.random((rows, 2)) < 0.2,
    }


@pytest.fixture
def path(tmp_path):
    writer = DatasetWriter(tmp_path / "data", SENSORS, 1, ABOUT)
    for number, rows in enumerate((5, 3)):
        writer.add(episode(rows, number), {"return": float(number)})
    return tmp_path / "data"


def test_what_is_written_comes_back(path):
    dataset = open_dataset(path)
    assert dataset.sensors == SENSORS and dataset.action_size == 1 and dataset.transitions == 8
    assert dataset.metadata["renderer"] == "egl" and dataset.metadata["episodes"][1]["return"] == 1.0
    for number, (arrays, rows) in enumerate(zip(dataset.episodes(), (5, 3), strict=True)):
        for name, value in episode(rows, number).items():
            np.testing.assert_array_equal(arrays[name], value)


def test_numpy_alone_reads_it(path):
    with np.load(path / "episode-000001.npz") as archive:
        assert archive["eye"].shape == (3, 4, 6, 3) and archive["eye"].dtype == np.uint8


def test_it_is_complete_after_every_episode(tmp_path):
    writer = DatasetWriter(tmp_path / "data", SENSORS, 1, ABOUT)
    with pytest.raises(UnreadableError, match="holds no episode"):
        open_dataset(tmp_path / "data")
    writer.add(episode(2), {})
    assert open_dataset(tmp_path / "data").transitions == 2
    assert {file.name for file in (tmp_path / "data").iterdir()} == {INDEX, "episode-000000.npz"}


def test_without_an_episode_nothing_is_left(tmp_path, path):
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "new", tmp_path / "empty"):
        DatasetWriter(place, SENSORS, 1, ABOUT).close()
        assert not place.exists()
    writer = DatasetWriter(tmp_path / "new", SENSORS, 1, ABOUT)
    writer.add(episode(2), {})
    writer.close()
    assert open_dataset(tmp_path / "new").transitions == 2


def test_nothing_is_overwritten(path):
    with pytest.raises(UsageError, match="not empty"):
        DatasetWriter(path, SENSORS, 1, ABOUT)


def test_a_damaged_episode_is_named(path):
    file = path / "episode-000001.npz"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UnreadableError, match=r"episode-000001\.npz is missing or damaged"):
        list(open_dataset(path).episodes())


def test_an_episode_of_another_shape_is_named(path):
    metadata = json.loads((path / INDEX).read_text())
    metadata["sensors"]["skin"]["shape"] = [3]
    (path / INDEX).write_text(json.dumps(metadata))
    with pytest.raises(UnreadableError, match=r"'skin' in .* has shape \(5, 2\), but should have \(5, 3\)"):
        list(open_dataset(path).episodes())


def test_what_an_index_lacks_is_named(path):
    metadata = json.loads((path / INDEX).read_text())
    del metadata["action_size"]
    (path / INDEX).write_text(json.dumps(metadata))
    with pytest.raises(UnreadableError, match="does not say action_size"):
        open_dataset(path)


MEANINGLESS = ["{", "{}", "[]", '{"format": 99, "sensors": {}, "episodes": [1]}', '{"format": 1, "sensors": []}']
MEANINGLESS += ['{"format": 1, "sensors": {}, "episodes": [{"file": "x"}]}']


@pytest.mark.parametrize("content", MEANINGLESS)
def test_an_index_that_makes_no_sense_is_refused(content, path):
    (path / INDEX).write_text(content)
    with pytest.raises(UnreadableError):
        open_dataset(path)


def change(path, **arrays):
    """Of the first episode."""
    file = path / "episode-000000.npz"
    with np.load(file) as archive:
        np.savez_compressed(file, **(dict(archive) | arrays))


def test_images_that_are_no_bytes_and_numbers_that_are_none_are_refused(path):
    first = next(open_dataset(path).episodes())
    skin, missing = first["skin"].copy(), first["missing"].copy()
    skin[1, 0], missing[1, 1] = np.nan, False
    change(path, skin=skin, missing=missing)
    with pytest.raises(UnreadableError, match=r"'skin' in .* not finite"):
        next(open_dataset(path).episodes())
    missing[1, 1] = True  # there it does not matter
    change(path, missing=missing)
    next(open_dataset(path).episodes())
    change(path, eye=(first["eye"] / 255).astype(np.float32))
    with pytest.raises(UnreadableError, match=r"'eye' in .* is float32, but images are uint8"):
        next(open_dataset(path).episodes())


def test_rows_that_the_files_do_not_have_are_refused_before_anything_is_read(path):
    assert open_dataset(path).read(1, ["eye"])["eye"].shape == (0, 4, 6, 3)
    metadata = json.loads((path / INDEX).read_text())
    metadata["episodes"][1]["rows"] = 10**12
    (path / INDEX).write_text(json.dumps(metadata))
    with pytest.raises(UnreadableError, match=r"'eye' in .* has shape \(3, .*, but should have \(1000000000000, "):
        open_dataset(path).read(1, ["eye"])
    (path / "episode-000001.npz").unlink()
    with pytest.raises(UnreadableError, match=r"episode-000001\.npz is missing"):
        open_dataset(path).read(1, ["eye"])


@pytest.mark.parametrize("compressed", [True, False])
def test_rows_that_a_file_claims_and_cannot_hold_are_refused_before_they_take_memory(path, compressed):
    rows = 10**9
    metadata = json.loads((path / INDEX).read_text())
    metadata["episodes"][0]["rows"] = rows
    (path / INDEX).write_text(json.dumps(metadata))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (rows, 4, 6, 3)})
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path / "episode-000000.npz", "w", kind) as archive:
        archive.writestr("eye.npy", header.getvalue() + bytes(1000))
    dataset = open_dataset(path)
    for use in (lambda: dataset.read(0, ["eye"]), lambda: next(dataset.episodes())):
        with pytest.raises(UnreadableError, match=r"'eye' in .* claims 1,000,000,000 rows, which the file cannot hold"):
            use()


def test_an_array_of_zeros_is_held_by_few_bytes(tmp_path):
    writer = DatasetWriter(tmp_path / "data", SENSORS, 1, ABOUT)
    arrays = {name: np.zeros_like(value) for name, value in episode(5000).items()}
    writer.add(arrays, {})
    dataset = open_dataset(tmp_path / "data")
    assert next(dataset.episodes())["eye"].shape == (5000, 4, 6, 3)


def test_a_file_that_is_named_twice_is_refused(path):
    metadata = json.loads((path / INDEX).read_text())
    metadata["episodes"].append(metadata["episodes"][0])
    (path / INDEX).write_text(json.dumps(metadata))
    with pytest.raises(UnreadableError, match=r"episodes name episode-000000\.npz twice"):
        open_dataset(path)


def test_a_directory_without_an_index_is_none(tmp_path):
    with pytest.raises(UnreadableError, match="no dataset"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("name", ["../secret.npz", "/etc/hosts", "a/b.npz", "..", ""])
def test_an_episode_lies_in_the_dataset(path, name):
    metadata = json.loads((path / INDEX).read_text())
    metadata["episodes"][0]["file"] = name
    (path / INDEX).write_text(json.dumps(metadata))
    with pytest.raises(UnreadableError, match="not the name of a file"):
        open_dataset(path)


def test_arrays_are_looked_at_before_they_are_read(path):
    first = path / "episode-000000.npz"
    for wrong in (
        {"reward": np.zeros(10**6, np.float32)},
        {"reward": np.array(["a"] * 5)},
        {"reward": np.array([None] * 5)},
        {"reward": np.zeros(5, [("a", int)])},
    ):
        np.savez(first, **episode(5) | wrong)
        with pytest.raises(UnreadableError, match=r"'reward' in .* (has shape|no numbers)"):
            next(open_dataset(path).episodes())
    with first.open("wb") as file:
        np.save(file, np.zeros(5))
    with pytest.raises(UnreadableError, match="missing or damaged"):
        next(open_dataset(path).episodes())
