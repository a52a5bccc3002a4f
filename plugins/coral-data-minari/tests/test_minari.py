"""Small datasets as Minari writes them. Skipped where h5py, or for other storages PyArrow, is missing."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coral_cli.testing import check_reader, run
from coral_data_minari import coral_readers

(RECORD,) = coral_readers()
LENGTHS = (4, 3)


def box(dtype: str, *shape: int, low: float = -np.inf, high: float = np.inf) -> dict:
    return {
        "type": "Box",
        "dtype": dtype,
        "shape": list(shape),
        "low": np.full(shape, low).tolist(),
        "high": np.full(shape, high).tolist(),
    }


OBSERVATIONS = {
    "type": "Dict",
    "subspaces": {
        "images": {
            "type": "Dict",
            "subspaces": {"front": box("uint8", 32, 40, 3, low=0, high=255), "raw": box("uint8", 3, 32, 40)},
        },
        "state": box("float64", 3),
        "goals": {"type": "Tuple", "subspaces": [box("float32", 2), {"type": "Discrete", "start": 0, "n": 4}]},
        "grid": box("float32", 5, 64),
        "said": {"type": "Text", "max_length": 9, "min_length": 1, "charset": "a"},
    },
}
ACTIONS = box("float32", 2, low=-2, high=2)


def pictures(episode: int) -> np.ndarray:
    """Pictures of one grey each, which JPEG keeps."""
    levels = 30 + 80 * episode + 16 * np.arange(LENGTHS[episode] + 1)
    return np.broadcast_to(levels[:, None, None, None], (len(levels), 32, 40, 3)).astype(np.uint8)


def values(episode: int) -> dict[str, np.ndarray]:
    """What an episode holds, save pictures."""
    random, length = np.random.default_rng(episode), LENGTHS[episode]
    return {
        "state": random.normal(size=(length + 1, 3)),
        "goal": random.normal(size=(length + 1, 2)).astype(np.float32),
        "choice": np.arange(length + 1) % 4,
        "actions": random.uniform(-2, 2, (length, 2)).astype(np.float32),
        "rewards": random.normal(size=length),
        "terminations": (np.arange(length) == length - 1) & (episode == 1),
        "truncations": (np.arange(length) == length - 1) & (episode == 0),
        "success": np.arange(length + 1) == length * (episode == 1) + 99 * (episode == 0),
    }


def jpeg(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG")
    return file.getvalue()


def write_hdf5(folder: Path, encoded: bool) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "main_data.hdf5", "w") as file:
        for episode, length in enumerate(LENGTHS):
            group, held = file.create_group(f"episode_{episode}"), values(episode)
            group.attrs.update({"id": episode, "total_steps": length})
            for name in ("actions", "rewards", "terminations", "truncations"):
                group[name] = held[name]
            seen, frames = group.create_group("observations"), pictures(episode)
            seen["images/raw"] = np.moveaxis(frames, -1, 1)
            if encoded:
                coded = [np.frombuffer(jpeg(frame), np.uint8) for frame in frames]
                if episode:  # Minari writes those of one length as a table
                    seen["images/front"] = np.stack(coded)
                else:
                    front = seen.create_dataset("images/front", (length + 1,), h5py.vlen_dtype(np.uint8))
                    for row, one in enumerate(coded):
                        front[row] = one
            else:
                seen["images/front"] = frames
            seen["state"], seen["goals/_index_0"], seen["goals/_index_1"] = held["state"], held["goal"], held["choice"]
            group["infos/is_success"] = held["success"]


def write_arrow(folder: Path, encoded: bool, form: str) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import dataset

    for episode, length in enumerate(LENGTHS):
        held, frames = values(episode), pictures(episode)
        fixed = {name: listed(pa, held[name]) for name in ("state", "goal")}
        front = pa.array([jpeg(frame) for frame in frames]) if encoded else listed(pa, frames)
        images = pa.StructArray.from_arrays([front, listed(pa, np.moveaxis(frames, -1, 1))], ["front", "raw"])
        goals = pa.StructArray.from_arrays([fixed["goal"], pa.array(held["choice"])], ["0", "1"])
        seen = pa.StructArray.from_arrays([images, fixed["state"], goals], ["images", "state", "goals"])
        columns = {"observations": seen, "actions": listed(pa, np.pad(held["actions"], ((0, 1), (0, 0))))}
        columns |= {name: pa.array(np.pad(held[name], (0, 1))) for name in ("rewards", "terminations", "truncations")}
        columns["infos"] = pa.StructArray.from_arrays([pa.array(held["success"])], ["success"])
        (folder / str(episode)).mkdir()
        dataset.write_dataset(pa.table(columns), folder / str(episode), format=form)
        (folder / str(episode) / "metadata.json").write_text(json.dumps({"id": episode, "total_steps": length}))


def listed(pa, array: np.ndarray):
    flat = pa.array(array.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(array.shape[1:])))


def write(root: Path, form: str = "hdf5", encoded: bool = True, **given) -> Path:
    """Write a dataset, and return its directory."""
    folder = root / "arm" / "reach-v0" / "data"
    folder.mkdir(parents=True)
    if form == "hdf5":
        write_hdf5(folder, encoded)
    else:
        write_arrow(folder, encoded, form)
    spaces = {"observation_space": json.dumps(OBSERVATIONS), "action_space": json.dumps(ACTIONS)}
    about = {"total_episodes": 2, "total_steps": sum(LENGTHS), "data_format": form, **spaces, **given}
    (folder / "metadata.json").write_text(json.dumps(about))
    return folder.parent


FORMS = [(form, encoded) for form in ("hdf5", "arrow", "parquet") for encoded in (True, False)]


@pytest.mark.parametrize("form, encoded", FORMS)
def test_every_observation_is_there(tmp_path: Path, form: str, encoded: bool) -> None:
    root = write(tmp_path, form, encoded)
    check_reader(RECORD, str(root))
    outcome = run(f"data import minari {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("left out") == 1 and "left out: grid (float32 of 5x64), said (text)." in outcome.err
    record = json.loads((tmp_path / "data" / "dataset.json").read_text())
    assert set(record["sensors"]) == {"front", "raw", "state", "index_0", "index_1"} and "fps" not in record
    assert record["source"].get("lossy", False) == encoded
    assert record["action_scale"] == {"by": "bounds", "low": [-2, -2], "high": [2, 2]}
    for episode, entry in enumerate(record["episodes"]):
        arrays, truth = np.load(tmp_path / "data" / entry["file"]), values(episode)
        assert len(arrays["action"]) == LENGTHS[episode] + 1 and not arrays["missing"].any()
        assert (arrays["front"] == pictures(episode)).all() and (arrays["raw"] == pictures(episode)).all()
        assert (arrays["state"] == truth["state"].astype(np.float32)).all()
        assert (arrays["index_0"] == truth["goal"]).all() and (arrays["index_1"][:, 0] == truth["choice"]).all()
        assert np.allclose(2 * arrays["action"][1:], truth["actions"], atol=1e-6) and not arrays["action"][0].any()
        assert (arrays["reward"][1:] == truth["rewards"]).all() and arrays["reward"][0] == 0
        assert arrays["terminated"].tolist() == [False, *truth["terminations"]]
        assert entry["metrics"] == {"success": float(episode == 1)}


def test_an_episode_of_many_rows_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow hands out pieces of at most 32,768 rows, whatever was written."""
    monkeypatch.setitem(globals(), "LENGTHS", (40_000, 3))
    space = {"observation_space": json.dumps({"type": "Dict", "subspaces": {"state": box("float64", 3)}})}
    monkeypatch.setitem(globals(), "pictures", lambda episode: np.zeros((LENGTHS[episode] + 1, 1, 1, 3), np.uint8))
    recording = RECORD.build(RECORD.options, str(write(tmp_path, "arrow", False, total_steps=40_003, **space)))
    first, second = (recording.episode(number, ("state",)) for number in range(2))
    assert (np.asarray(first.observations["state"]) == values(0)["state"]).all() and len(first.actions) == 40_000
    assert (np.asarray(second.observations["state"]) == values(1)["state"]).all() and len(second.actions) == 3


def test_an_id_is_found_where_minari_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    for source in ("arm/reach-v0", str(root), str(root / "data")):
        assert RECORD.build(RECORD.options, source).episodes == 2
    for source, told in (("arm/reach-v1", "minari download arm/reach-v1"), ("../arm", "Name its directory")):
        outcome = run(f"data import minari {source} --out {tmp_path / 'data'}", [RECORD])
        assert outcome.code == 4 and told in outcome.err
    outcome = run(f"data import minari {tmp_path} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "holds no metadata.json" in outcome.err


@pytest.mark.parametrize("form", ["hdf5", "arrow"])
def test_rows_that_are_missing_are_noticed(tmp_path: Path, form: str) -> None:
    root = write(tmp_path, form)
    if form == "hdf5":
        with pytest.importorskip("h5py").File(root / "data" / "main_data.hdf5", "a") as file:
            file["episode_1"].attrs["total_steps"] = 4
    else:
        (root / "data" / "1" / "metadata.json").write_text(json.dumps({"id": 1, "total_steps": 4}))
    about = json.loads((root / "data" / "metadata.json").read_text())
    (root / "data" / "metadata.json").write_text(json.dumps({**about, "total_steps": 8}))
    outcome = run(f"data import minari {root} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code == 4 and "should have 4 actions, and has 3" in outcome.err


@pytest.mark.parametrize(
    "given, told",
    [
        ({"total_steps": 8}, "should hold 8 steps, and its episodes have 7"),
        ({"total_episodes": 3}, "should hold 3 episodes, and there are 2"),
        ({"data_format": "zarr"}, "is stored as 'zarr', and hdf5, arrow, parquet are read"),
        ({"action_space": json.dumps({"type": "Discrete", "start": 0, "n": 4})}, "its actions are Discrete"),
        ({"observation_space": None}, "its metadata say no observation_space"),
        ({"observation_space": json.dumps({"type": "Dict", "subspaces": [1]})}, "spaces of another form"),
        ({"observation_space": json.dumps({"type": "Box", "dtype": "uint8", "shape": 5})}, "spaces of another form"),
        ({"observation_space": json.dumps({"type": "Text"})}, "no sensor that can be read"),
        ({"observation_space": json.dumps(box("float64", 3))}, "observation of episode 0 is no array"),
    ],
)
def test_what_is_another_dataset_is_refused(tmp_path: Path, given: dict, told: str) -> None:
    outcome = run(f"data import minari {write(tmp_path, **given)} --out {tmp_path / 'data'}", [RECORD])
    assert outcome.code in (2, 4) and told in outcome.err and not (tmp_path / "data").exists()
