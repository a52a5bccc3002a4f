"""A small dataset as LeRobot writes it: three episodes, two of them in one video. Skipped where PyArrow is missing."""

import io
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from coral_cli.testing import check_reader, run
from coral_data_lerobot import LeRobotOptions, coral_readers

(RECORD,) = coral_readers()
LENGTHS, FPS = (5, 4, 6), 10
FILES = (0, 0, 1)
"""The file of each episode's rows and pictures."""
FRONT, WRIST, DEPTH = "observation.images.front", "observation.images.wrist", "observation.images.depth"


def level(episode: int, step: int) -> int:
    """The grey of a picture, which tells it from all others."""
    return 20 + 70 * episode + 12 * step


def feature(dtype: str, *shape: int, **info) -> dict:
    return {"dtype": dtype, "shape": list(shape), "names": None, **({"info": info} if info else {})}


FEATURES = {
    FRONT: feature("video", 48, 64, 3),
    WRIST: feature("image", 3, 32, 32),
    DEPTH: feature("video", 48, 64, 1, is_depth_map=True),
    "observation.state": feature("float32", 2),
    "observation.name": feature("string", 1),
    "action": feature("float32", 3),
    "next.reward": feature("float32", 1),
    "next.done": feature("bool", 1),
    "next.success": feature("bool", 1),
    **{name: feature("int64", 1) for name in ("frame_index", "episode_index", "index", "task_index")},
    "timestamp": feature("float32", 1),
}


def values(episode: int) -> dict[str, np.ndarray]:
    """What an episode holds, save pictures."""
    random, length = np.random.default_rng(episode), LENGTHS[episode]
    last = np.arange(length) == length - 1
    return {
        "observation.state": random.normal(size=(length, 2)).astype(np.float32),
        "action": random.uniform(-1, 1, (length, 3)).astype(np.float32),
        "next.reward": random.normal(size=length).astype(np.float32),
        "next.done": last,
        "next.success": last & (episode == 1),
    }


def write_video(path: Path, levels: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "2", "crf": "10", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for one in levels:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), one, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def png(one: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), one, np.uint8)).save(file, "PNG")
    return file.getvalue()


def table(pa, episode: int, features: dict) -> dict[str, list]:
    length = LENGTHS[episode]
    columns = {name: array.tolist() for name, array in values(episode).items() if name in features}
    columns["observation.name"] = ["arm"] * length
    columns[WRIST] = [{"bytes": png(level(episode, step)), "path": None} for step in range(length)]
    columns |= {"episode_index": [episode] * length, "frame_index": list(range(length))}
    return columns | {"timestamp": [step / FPS for step in range(length)]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The dataset's directory."""
    return write(tmp_path / "arm", FEATURES)


def write(root: Path, features: dict) -> Path:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (root / "meta" / "episodes" / "chunk-000").mkdir(parents=True)
    (root / "data" / "chunk-000").mkdir(parents=True)
    rows, starts = [], {0: 0.0, 1: 0.0}
    for episode, (length, file) in enumerate(zip(LENGTHS, FILES, strict=True)):
        row = {"episode_index": episode, "tasks": ["reach"], "length": length, "stats/action/min": [0.0]}
        row |= {"data/chunk_index": 0, "data/file_index": file}
        row |= {f"videos/{FRONT}/chunk_index": 0, f"videos/{FRONT}/file_index": file}
        rows.append(row | {f"videos/{FRONT}/from_timestamp": starts[file]})
        starts[file] += length / FPS
    parquet.write_table(pa.Table.from_pylist(rows), root / "meta/episodes/chunk-000/file-000.parquet")
    for file in (0, 1):
        here = [episode for episode in range(3) if FILES[episode] == file]
        tables = [pa.table(table(pa, episode, features)) for episode in here]
        parquet.write_table(pa.concat_tables(tables), root / f"data/chunk-000/file-00{file}.parquet")
        levels = [level(episode, step) for episode in here for step in range(LENGTHS[episode])]
        write_video(root / f"videos/{FRONT}/chunk-000/file-00{file}.mp4", levels)
    info = {"codebase_version": "v3.0", "fps": FPS, "features": features, "total_episodes": 3}
    (root / "meta/info.json").write_text(json.dumps({**info, "total_frames": sum(LENGTHS)}))
    return root


def change(root: Path, **given) -> None:
    path = root / "meta" / "info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **given}))


def test_the_contract_holds(root: Path) -> None:
    check_reader(RECORD, str(root))


def test_every_row_is_there_and_one_more(root: Path, tmp_path: Path) -> None:
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 0, outcome.err
    assert "observation.images.depth is depth in a video that does not say its metres" in outcome.err
    record = json.loads((tmp_path / "data" / "dataset.json").read_text())
    assert set(record["sensors"]) == {"front", "wrist", "state"} and record["fps"] == FPS
    for episode, entry in enumerate(record["episodes"]):
        arrays, truth = np.load(tmp_path / "data" / entry["file"]), values(episode)
        assert (arrays["state"][:-1] == truth["observation.state"]).all()
        assert (arrays["action"][1:] == truth["action"]).all() and not arrays["action"][0].any()
        assert (arrays["reward"][1:] == truth["next.reward"]).all() and arrays["reward"][0] == 0
        assert arrays["terminated"].tolist() == [False] * LENGTHS[episode] + [episode == 1]
        assert arrays["missing"].tolist() == [[False] * 3] * LENGTHS[episode] + [[True] * 3]
        levels = np.array([level(episode, step) for step in range(LENGTHS[episode])])
        assert (arrays["wrist"][:-1] == levels[:, None, None, None]).all()
        assert np.abs(arrays["front"][:-1].mean((1, 2, 3)) - levels).max() < 3
        assert entry["metrics"] == {"success": float(episode == 1)}


CODES = {"is_depth_map": True, "video.depth_min": 0.5, "video.depth_max": 8.5}


@pytest.mark.parametrize("shift, log", [(3.5, True), (0.0, False)])
def test_depth_in_a_video_is_in_metres(tmp_path: Path, shift: float, log: bool) -> None:
    """Codes of 12 bits, in a video without loss: 0 is the nearest, 4095 the farthest."""
    about = feature("video", 64, 64, 1, **CODES, **{"video.shift": shift, "video.use_log": log})
    root = write(tmp_path / "arm", {**FEATURES, DEPTH: about})
    add_depth(root)
    out = tmp_path / "data"
    outcome = run(f"data import lerobot {root} --out {out} --sensor depth", [RECORD])
    assert outcome.code == 0 and "is depth from 0.5 to 8.5 metres" in outcome.err, outcome.err
    for episode in range(3):
        share = np.array([code(episode, step) for step in range(LENGTHS[episode])]) / 4095
        metres = 4 * 3**share - 3.5 if log else 0.5 + 8 * share
        found = np.load(out / f"episode-00000{episode}.npz")["depth"]
        assert found.shape[1:] == (64, 64, 1) and np.allclose(found[:-1], metres[:, None, None, None], atol=1e-5)


@pytest.mark.parametrize("wrong", [{"video.depth_max": 0.5}, {"video.depth_min": "near"}, {"video.shift": -1.0}])
def test_depth_in_metres_that_cannot_be_is_not_read(tmp_path: Path, wrong: dict) -> None:
    about = feature("video", 64, 64, 1, **{**CODES, "video.shift": 3.5, "video.use_log": True, **wrong})
    root = write(tmp_path / "arm", {**FEATURES, DEPTH: about})
    assert DEPTH not in RECORD.build(LeRobotOptions(), str(root)).sensors


def code(episode: int, step: int) -> int:
    return 4095 if (episode, step) == (2, 5) else 1000 * episode + 150 * step


def add_depth(root: Path) -> None:
    """Write depth's videos, and where they are."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path, starts = root / "meta/episodes/chunk-000/file-000.parquet", {0: 0.0, 1: 0.0}
    rows = parquet.read_table(path).to_pylist()
    for row in rows:
        file = row["data/file_index"]
        row |= {f"videos/{DEPTH}/chunk_index": 0, f"videos/{DEPTH}/file_index": file}
        row[f"videos/{DEPTH}/from_timestamp"] = starts[file]
        starts[file] += row["length"] / FPS
    parquet.write_table(pa.Table.from_pylist(rows), path)
    for file in (0, 1):
        codes = [
            code(episode, step) for episode in range(3) if FILES[episode] == file for step in range(LENGTHS[episode])
        ]
        video = root / f"videos/{DEPTH}/chunk-000/file-00{file}.mp4"
        video.parent.mkdir(parents=True, exist_ok=True)
        options = {"x265-params": "lossless=1:log-level=none"}
        with av.open(str(video), "w") as container:
            stream = container.add_stream("hevc", rate=FPS, options=options)
            stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 64, "gray12le", Fraction(1, FPS)
            for one in codes:
                frame = av.VideoFrame.from_ndarray(np.full((64, 64), one, np.uint16), format="gray12le")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


@pytest.mark.parametrize("asked", ["1:2", "1:", "2:3"])
def test_pictures_are_the_same_wherever_reading_begins(root: Path, tmp_path: Path, asked: str) -> None:
    out = tmp_path / "data"
    assert run(f"data import lerobot {root} --out {out} --episodes {asked} --sensor front", [RECORD]).code == 0
    for entry in json.loads((out / "dataset.json").read_text())["episodes"]:
        levels = [level(entry["source"], step) for step in range(LENGTHS[entry["source"]])]
        assert np.abs(np.load(out / entry["file"])["front"][:-1].mean((1, 2, 3)) - levels).max() < 3


@pytest.mark.parametrize(
    "left_out, options, ends, told",
    [
        ((), LeRobotOptions(), [False, True, False], ""),
        ((), LeRobotOptions(ended="next.done"), [True, True, True], ""),
        ((), LeRobotOptions(ended="none"), [False, False, False], ""),
        (("next.success",), LeRobotOptions(), [True, True, True], "where an episode is cut off, too"),
        (("next.success", "next.done"), LeRobotOptions(), [False, False, False], "all are taken as cut off."),
        (("next.done",), LeRobotOptions(), [False, False, False], "--lerobot.ended next.success takes a success"),
        (("next.done",), LeRobotOptions(ended="next.success"), [False, True, False], ""),
    ],
)
def test_an_end_is_what_the_columns_say(tmp_path: Path, left_out, options, ends, told) -> None:
    features = {name: about for name, about in FEATURES.items() if name not in left_out}
    recording = RECORD.build(options, str(write(tmp_path / "arm", features)))
    assert [bool(recording.episode(number, ()).terminated[-1]) for number in range(3)] == ends
    assert told in " ".join(recording.notes)
    recording.close()


def test_texts_and_other_forms_are_left_out_with_a_note(tmp_path: Path) -> None:
    more = {"observation.grid": feature("float32", 5, 64), "instruction": feature("string", 1)}
    root = write(tmp_path / "arm", {**FEATURES, **more})
    change(root, total_tasks=2)
    recording = RECORD.build(LeRobotOptions(), str(root))
    (note,) = (note for note in recording.notes if "left out" in note)
    assert note.endswith(
        "left out: observation.name (string), observation.grid (float32), instruction (string), task (2 texts)."
    )
    recording.close()
    change(
        root, total_tasks=1, features={name: about for name, about in FEATURES.items() if about["dtype"] != "string"}
    )
    recording = RECORD.build(LeRobotOptions(), str(root))
    assert not any("left out" in note for note in recording.notes)  # one task for all tells nothing
    recording.close()


def test_rewards_may_be_left_out_or_missing(root: Path, tmp_path: Path) -> None:
    assert RECORD.build(replace(LeRobotOptions(), reward="none"), str(root)).episode(0, ()).rewards is None
    features = {name: about for name, about in FEATURES.items() if name != "next.reward"}
    other = write(tmp_path / "other", features)
    assert RECORD.build(LeRobotOptions(), str(other)).episode(0, ()).rewards is None
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'x'} --lerobot.reward next.payment", [RECORD])
    assert outcome.code == 2 and "no such column" in outcome.err and "next.reward" in outcome.err


@pytest.mark.parametrize(
    "given, told",
    [
        ({"codebase_version": "v2.1"}, "convert_dataset_v21_to_v30"),
        ({"codebase_version": "v2.0"}, "v2.0 has to become v2.1 first"),
        ({"codebase_version": "v4.0"}, "version 'v4.0', and v3.0 is what is read"),
        ({"total_episodes": 4}, "should hold 4 episodes, numbered from 0, and lists 3"),
        ({"total_frames": 16}, "should hold 16 rows, and its episodes have 15"),
        ({"features": {"observation.state": FEATURES["observation.state"]}}, "no column `action`"),
        ({"data_path": "../elsewhere/{file_index}"}, "keeps its files elsewhere"),
        ({"features": {"action": FEATURES["action"]}}, "no sensor that can be read"),
    ],
)
def test_what_is_another_dataset_is_refused(root: Path, tmp_path: Path, given: dict, told: str) -> None:
    change(root, **given)
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code in (2, 4) and told in outcome.err and not (tmp_path / "data").exists()


def test_rows_that_are_missing_are_noticed(root: Path, tmp_path: Path) -> None:
    from pyarrow import parquet

    path = root / "data/chunk-000/file-000.parquet"
    parquet.write_table(parquet.read_table(path).slice(0, 8), path)
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "episode 1 should have 4 rows" in outcome.err


def test_pictures_that_are_missing_are_noticed(root: Path, tmp_path: Path) -> None:
    write_video(root / f"videos/{FRONT}/chunk-000/file-001.mp4", [30, 40, 50])
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "holds no frame at 0.3" in outcome.err
    (root / f"videos/{FRONT}/chunk-000/file-001.mp4").unlink()
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "file-001.mp4 is missing" in outcome.err


def test_another_directory_is_none(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    outcome = run(f"data import lerobot {tmp_path} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "holds no meta/info.json" in outcome.err


@pytest.mark.parametrize(
    "given, told",
    [
        ({"features": None}, "says no features"),
        ({"features": {**FEATURES, "observation.more": 3}}, "does not say what observation.more holds"),
        ({"features": {**FEATURES, "observation.more": {"shape": [3]}}}, "does not say what observation.more holds"),
        ({"features": {**FEATURES, "observation.more": feature("float32", 3)}}, "has no column observation.more"),
        ({"fps": None}, "says no fps above 0"),
        ({"fps": 0}, "says no fps above 0"),
        ({"total_frames": None}, "says no total_frames"),
    ],
)
def test_a_description_of_another_form_is_refused(root: Path, tmp_path: Path, given: dict, told: str) -> None:
    change(root, **given)
    outcome = run(f"data import lerobot {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and told in outcome.err and not (tmp_path / "data").exists()
