"""What a dataset holds, by hand; no picture is read for it."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from coral_cli.registry.errors import UnreadableError
from coral_cli.runs.dataset import open_dataset
from coral_cli.runs.dataset_pictures import strips
from coral_cli.runs.dataset_summary import document, summarise

from .recorded import SENSORS, arrays, record, spoil, write_index


@pytest.fixture
def path(tmp_path):
    return record(tmp_path / "data")


def told(path):
    return document(summarise(open_dataset(path)))


def test_lengths_ranges_ends_and_sizes(path):
    one = told(path)
    assert one["episodes"] == 3 and one["actions"] == 5 + 3 + 4
    assert one["length"] == {"min": 3, "median": 4, "max": 5}
    assert one["ends"] == {"terminated": 1, "cut_off": 2}
    assert one["sensors"]["eye"] == {
        "kind": "image",
        "shape": [8, 8, 3],
        "dtype": ["uint8"],
        "missing_rows": 0,
        "range": None,
    }
    actions = np.concatenate([arrays(number, rows)["action"][1:] for number, rows in enumerate((6, 4, 5))])
    assert one["action"]["size"] == 2
    assert one["action"]["range"]["min"] == actions.min() and one["action"]["range"]["max"] == actions.max()
    assert one["action"]["range"]["mean"] == pytest.approx(actions.mean(), abs=1e-6)
    assert one["reward"]["returns"] == pytest.approx({"min": 2.0, "mean": 2.5, "max": 3.0})  # of 0 ... 1: rows / 2
    assert one["reward"]["range"]["max"] == 1 and one["reward"]["range"]["min"] == pytest.approx(0.2)  # no row 0
    assert one["raw_bytes"] == 15 * (8 * 8 * 3 + 2 * 4 + 2 * 4 + 4 + 1 + 2)
    assert one["bytes"] == sum(file.stat().st_size for file in path.iterdir())
    assert one["fps"] is one["seconds"] is one["unreadable"] is one["env"] is None


def test_the_rate_tells_how_long_it_took(path):
    write_index(path, fps=4)
    assert told(path)["seconds"] == 3.0


def test_no_picture_is_read(path):
    def larger(a):
        a["eye"] = np.random.default_rng(0).integers(256, size=(len(a["eye"]), 64, 64, 3), dtype=np.uint8)

    spoil(path, larger)
    write_index(path, sensors={**SENSORS, "eye": {"kind": "image", "shape": [64, 64, 3]}})
    for file in path.glob("*.npz"):
        with zipfile.ZipFile(file) as archive:
            about = archive.getinfo("eye.npy")
        content = bytearray(file.read_bytes())
        end = about.header_offset + about.compress_size
        content[end - 1000 : end] = bytes(1000)  # the last of its bytes are others than its checksum says
        file.write_bytes(content)
    assert told(path)["unreadable"] is None and told(path)["sensors"]["eye"]["dtype"] == ["uint8"]
    with pytest.raises(UnreadableError, match="is missing or damaged"):
        next(open_dataset(path).episodes())


def test_what_cannot_be_read_is_counted_and_the_rest_told(path):
    (path / "episode-000000.npz").unlink()
    one = told(path)
    assert one["unreadable"]["episodes"] == 1 and "episode-000000.npz is missing" in one["unreadable"]["first"]
    assert one["actions"] == 7
    for file in path.glob("*.npz"):
        file.unlink()
    assert told(path)["length"] is None and told(path)["action"]["range"] is None


def test_what_is_not_finite_or_missing_is_counted(path):
    def change(a):
        a["skin"][0], a["skin"][1], a["missing"][1, 1] = np.inf, np.nan, True

    spoil(path, change, 0)
    skin = told(path)["sensors"]["skin"]
    assert skin["range"]["not_finite"] == 2 and skin["missing_rows"] == 1  # what is missing is not looked at


def test_absent_rewards(path):
    write_index(path, reward="absent")
    assert told(path)["reward"] is None


def test_pictures_from_the_first_to_the_last(path):
    (row,) = strips(open_dataset(path), 0, 3).values()  # 6 rows: 0, 2.5 (to even: 2), 5
    eye = arrays(0, 6)["eye"]
    assert all((picture == eye[at]).all() for picture, at in zip(row, (0, 2, 5), strict=True))
    (row,) = strips(open_dataset(path), 1, 64).values()
    assert len(row) == 4
