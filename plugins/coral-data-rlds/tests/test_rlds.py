"""``arm`` is a small dataset that TensorFlow Datasets 4.9.10 wrote (``write_arm.py``); what is odd is written here."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from coral_cli.testing import check_reader, run
from coral_data_rlds import RldsOptions, coral_readers

pytest.importorskip("PIL")
(RECORD,) = coral_readers()
LENGTHS = (4, 3)
FILE = "arm-train.tfrecord-00000-of-00002"


@pytest.fixture
def arm(tmp_path: Path) -> Path:
    """The dataset, of which a test may spoil a part."""
    return Path(shutil.copytree(Path(__file__).parent / "arm", tmp_path / "arm"))


def imported(line: str, out: Path) -> tuple[dict, dict[int, dict[str, np.ndarray]], str]:
    """Import, and return the record, the arrays by episode, and what was said: files hold episodes in any order."""
    outcome = run(f"data import rlds {line} --out {out}", [RECORD])
    assert outcome.code == 0, outcome.err
    record = json.loads((out / "dataset.json").read_text())
    held = [dict(np.load(out / entry["file"])) for entry in record["episodes"]]
    return record, {int(arrays["state"][0, 0]): arrays for arrays in held}, outcome.err


def refused(line: str, out: Path) -> str:
    outcome = run(f"data import rlds {line} --out {out}", [RECORD])
    assert outcome.code in (2, 4) and not out.exists(), outcome.err
    return outcome.err


def test_the_contract_holds(arm: Path) -> None:
    check_reader(RECORD, str(arm))
    check_reader(RECORD, str(arm), RldsOptions(action="action/arm", last="action", ended="none"))


def test_all_that_the_library_wrote_is_read(arm: Path, tmp_path: Path) -> None:
    record, episodes, said = imported(str(arm), tmp_path / "data")
    assert {name: sensor["shape"] for name, sensor in record["sensors"].items()} == {
        "front": [16, 16, 3],
        "mask": [16, 18, 1],
        "metres": [16, 20, 1],
        "millimetres": [16, 20, 1],
        "packed": [2],
        "state": [3],
        "whole": [2],
    }
    assert record["source"]["lossy"] and "action/arm, action/gripper, in this order" in said
    assert "left out: observation/ragged (sequence), observation/words (text)." in said
    for episode, arrays in episodes.items():
        rows = np.arange(LENGTHS[episode])
        assert (arrays["state"][:, 1] == rows).all() and np.allclose(arrays["state"][:, 2], 1 / 3)
        assert (arrays["whole"] == np.stack([-rows, np.full(len(rows), 1 << 30)], 1)).all()
        assert (arrays["packed"] == np.array([episode, 1 / 3], np.float32)).all()
        assert np.abs(arrays["front"] - (100.0 * episode + 20 * rows)[:, None, None, None]).max() <= 1  # JPEG
        assert (arrays["mask"] == rows[:, None, None, None]).all()
        assert (arrays["millimetres"] == (1 + rows.astype(np.float32) / 1000)[:, None, None, None]).all()
        assert (arrays["metres"] == 0.5 + rows[:, None, None, None]).all()
        assert not arrays["missing"].any()


def test_an_action_stands_in_the_row_that_it_led_to(arm: Path, tmp_path: Path) -> None:
    """The step that is_last has an observation alone: what else it says is left out."""
    record, episodes, said = imported(str(arm), tmp_path / "data")
    assert episodes[0]["action"].tolist() == [[0, 0, 0], [0, -0.5, 0.5], [0.25, -0.5, 0.5], [0.5, -0.5, 0.5]]
    assert episodes[0]["reward"].tolist() == [0, 0, 1, 2] and episodes[1]["reward"].tolist() == [0, 0, 1]
    assert not episodes[0]["terminated"].any() and episodes[1]["terminated"].tolist() == [False, False, True]
    assert sorted(entry["metrics"]["success"] for entry in record["episodes"]) == [0, 1]
    assert "is_last has a reward, where RLDS has none, in 2 of the episodes" in said


def test_the_last_action_can_be_taken_then_nothing_is_seen_after_it(arm: Path, tmp_path: Path) -> None:
    _, episodes, said = imported(f"{arm} --rlds.last action --rlds.action action/gripper", tmp_path / "data")
    assert episodes[0]["action"][:, 0].tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    assert episodes[0]["reward"].tolist() == [0, 0, 1, 2, 3]
    assert episodes[1]["missing"].all(1).tolist() == [False, False, False, True]
    assert episodes[1]["terminated"].tolist() == [False, False, False, True] and "is_last" not in said


def test_ends_can_be_left(arm: Path, tmp_path: Path) -> None:
    number = _number_of_the_ended(arm)
    line = f"{arm} --episodes {number}:{number + 1}"
    _, episodes, said = imported(line, tmp_path / "data")
    assert "every episode ended" in said and episodes[1]["terminated"][-1]
    _, episodes, said = imported(f"{line} --rlds.ended none", tmp_path / "other")
    assert "every episode ended" not in said and not episodes[1]["terminated"].any()


def _number_of_the_ended(arm: Path) -> int:
    recording = RECORD.build(RldsOptions(), str(arm))
    return next(number for number in (0, 1) if recording.episode(number, ()).terminated.any())


# What the library would not write, or other programs may.


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def record(features: dict[str, bytes]) -> bytes:
    """A record as a file has it: its length, that number's checksum, an Example, and a checksum that is not read."""
    entries = (field(1, field(1, name.encode()) + field(2, value)) for name, value in features.items())
    packed = b"".join(entries)
    message = b"\x0a" + bytes([len(packed) & 127 | 128, len(packed) >> 7]) + packed
    return framed(message)


def framed(message: bytes) -> bytes:
    from coral_data_rlds.records import checksum

    head = struct.pack("<Q", len(message))
    return head + struct.pack("<I", checksum(head)) + message + bytes(4)


def floats(*values: float) -> bytes:
    return field(2, field(1, struct.pack(f"<{len(values)}f", *values)))


def ints(*values: int) -> bytes:
    """Small whole numbers, each a field of its own, as the format allows."""
    return field(3, b"".join(bytes([8, value]) for value in values))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """One episode of three steps, without rewards, whose last step is cut off before its observation would follow."""
    root = tmp_path / "plain"
    root.mkdir()

    def tensor(dtype: str, *shape: str) -> dict:
        return {"tensor": {"dtype": dtype, "encoding": "none", "shape": {"dimensions": shape}}}

    step = {"observation": tensor("float32", "2"), "action": tensor("float32", "1"), "is_last": tensor("bool")}
    step["is_terminal"] = tensor("bool")
    inner = {"sequence": {"feature": {"featuresDict": {"features": step}}}}
    (root / "features.json").write_text(json.dumps({"featuresDict": {"features": {"steps": inner}}}))
    info = {"name": "plain", "splits": [{"name": "all", "shardLengths": ["1"]}]}
    (root / "dataset_info.json").write_text(json.dumps(info))
    write(root, STEPS)
    return root


STEPS = {
    "steps/observation": floats(1, 2, 3, 4, 5, 6),
    "steps/action": floats(0.5, 0.25, -1),
    "steps/is_last": ints(0, 0, 0),
    "steps/is_terminal": ints(0, 0, 0),
}


def write(root: Path, features: dict[str, bytes]) -> None:
    (root / "plain-all.tfrecord-00000-of-00001").write_bytes(record(features))


def test_a_part_of_an_action_that_is_no_number_is_told(arm: Path, tmp_path: Path) -> None:
    told = json.loads((arm / "features.json").read_text())
    step = told["featuresDict"]["features"]["steps"]["sequence"]["feature"]["featuresDict"]["features"]
    step["action"]["featuresDict"]["features"]["mode"] = {"classLabel": {"numClasses": "4"}}
    step["language"] = {"text": {}}
    (arm / "features.json").write_text(json.dumps(told))
    said = imported(str(arm), tmp_path / "data")[2]
    assert "action/mode (classLabel)" in said and "language" not in said
    assert "action/mode" not in imported(f"{arm} --rlds.action action/arm", tmp_path / "other")[2]


def test_where_no_step_is_last_all_actions_count(plain: Path, tmp_path: Path) -> None:
    outcome = run(f"data import rlds {plain} --rlds.split all --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 0, outcome.err
    arrays = np.load(tmp_path / "data" / "episode-000000.npz")
    assert arrays["observation"].tolist() == [[1, 2], [3, 4], [5, 6], [0, 0]]
    assert arrays["action"].tolist() == [[0], [0.5], [0.25], [-1]] and "reward" not in arrays
    assert arrays["missing"].tolist() == [[False], [False], [False], [True]] and not arrays["terminated"].any()


@pytest.mark.parametrize(
    "features, told",
    [
        ({"steps/observation": floats(1, 2, 3)}, "observation has 3 numbers"),
        ({"steps/observation": floats(1, 2)}, "has 1 observations for 3 actions"),
        ({"steps/is_terminal": ints(0)}, "3 actions, and 1 of is_terminal"),
        ({"steps/is_terminal": field(3, field(1, b"\x80\x80"))}, "a whole number does not end"),
        ({"steps/action": field(2, field(1, b"\0\0\0"))}, "ends inside one"),
        ({"steps/action": b"\x0a\x7f"}, "longer than the whole"),
    ],
)
def test_steps_that_do_not_fit_are_refused(plain: Path, tmp_path: Path, features, told: str) -> None:
    write(plain, {**STEPS, **features})
    assert told in refused(f"{plain} --rlds.split all", tmp_path / "data")


def test_a_feature_that_is_not_there_is_refused(plain: Path, tmp_path: Path) -> None:
    write(plain, {name: value for name, value in STEPS.items() if name != "steps/action"})
    assert "has no steps/action" in refused(f"{plain} --rlds.split all", tmp_path / "data")


def test_damaged_files_are_refused(arm: Path, tmp_path: Path) -> None:
    held, out = (arm / FILE).read_bytes(), tmp_path / "data"
    (arm / FILE).write_bytes(held[:-100])
    assert "cut off inside a record" in refused(str(arm), out)
    (arm / FILE).write_bytes(bytes([held[0] ^ 1]) + held[1:])
    assert "no record begins at its byte 0" in refused(str(arm), out)
    (arm / FILE).write_bytes(held + held)
    assert "should hold 1 episodes, and holds 2" in refused(str(arm), out)
    (arm / FILE).write_bytes(held.replace(b"\xff\xd8\xff", b"\0\0\0"))
    assert "a picture of observation/front is damaged" in refused(str(arm), out)
    (arm / FILE).unlink()
    assert f"{FILE} is missing" in refused(str(arm), out)


def test_what_is_asked_for_wrongly_is_said(arm: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert "with one of: train" in refused(f"{arm} --rlds.split test", out)
    assert "There are: action/arm, action/gripper" in refused(f"{arm} --rlds.action arms", out)
    (tmp_path / "above").mkdir()
    shutil.move(arm, tmp_path / "above" / "1.0.0")
    assert "above/1.0.0" in refused(str(tmp_path / "above"), out)


@pytest.mark.parametrize(
    "file, change, told",
    [
        ("dataset_info.json", {"fileFormat": "array_record"}, "only tfrecord is read"),
        ("dataset_info.json", {"name": "../arm"}, "calls its files"),
        ("features.json", {"featuresDict": {"features": {}}}, "names no steps"),
    ],
)
def test_other_datasets_are_refused(arm: Path, tmp_path: Path, file: str, change: dict, told: str) -> None:
    held = json.loads((arm / file).read_text())
    (arm / file).write_text(json.dumps({**held, **change}))
    assert told in refused(str(arm), tmp_path / "data")


def test_the_checksum_is_that_of_the_format() -> None:
    """CRC-32C of nine digits is known; TFRecord turns it, and adds a number."""
    from coral_data_rlds.records import checksum

    crc = 0xE3069283
    assert checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
