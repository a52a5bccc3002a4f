"""Small files as robomimic and ManiSkill write them. Skipped where h5py is missing."""

import json
from pathlib import Path

import numpy as np
import pytest

from coral_cli.testing import check_reader, run
from coral_data_robomimic import RobomimicOptions, coral_readers

ROBOMIMIC, MANISKILL = coral_readers()
LENGTHS = (70, 3, 5)
"""The first one is longer than a block that is read at a time."""


def values(episode: int) -> dict[str, np.ndarray]:
    """What an episode holds."""
    random, length = np.random.default_rng(episode), LENGTHS[episode]
    end = np.arange(length) == length - 1
    return {
        "rgb": random.integers(256, size=(length + 1, 16, 20, 3), dtype=np.uint8),
        "depth": random.integers(4000, size=(length + 1, 16, 20, 1), dtype=np.uint16),
        "qpos": random.normal(size=(length + 1, 4)),
        "actions": random.uniform(-1, 1, (length, 2)),
        "rewards": random.normal(size=length).astype(np.float32),
        "end": end & (episode != 2),
    }


@pytest.fixture
def demos(tmp_path: Path) -> Path:
    """A file of robomimic's; the second demonstration is no. 10, which comes after no. 2."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "demo.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Lift", "env_kwargs": {"control_freq": 20}})
        for episode, number in enumerate((2, 10, 11)):
            held, group = values(episode), data.create_group(f"demo_{number}")
            group.attrs["num_samples"] = LENGTHS[episode]
            group["actions"], group["rewards"] = held["actions"], held["rewards"]
            group["dones"] = held["end"].astype(np.int64)
            for part, rows in (("obs", slice(0, -1)), ("next_obs", slice(1, None))):
                group[f"{part}/agentview_image"], group[f"{part}/joints"] = held["rgb"][rows], held["qpos"][rows]
        file["mask/train"] = np.array([b"demo_2", b"demo_11"])
    return path


@pytest.fixture
def trajectories(tmp_path: Path) -> Path:
    """A file of ManiSkill's, and the one beside it."""
    h5py = pytest.importorskip("h5py")
    path, told = tmp_path / "trajectory.h5", []
    with h5py.File(path, "w") as file:
        for episode, length in enumerate(LENGTHS):
            held, group = values(episode), file.create_group(f"traj_{episode}")
            for name in ("actions", "rewards"):
                group[name] = held[name].astype(np.float32)
            group["terminated"], group["truncated"], group["success"] = held["end"], ~held["end"], held["end"]
            group["obs/agent/qpos"] = held["qpos"]
            for name in ("rgb", "depth"):
                group[f"obs/sensor_data/base_camera/{name}"] = held[name]
            group["obs/sensor_data/base_camera/segmentation"] = np.zeros((length + 1, 16, 20, 1), np.int16)
            group["obs/sensor_param/base_camera/extrinsic_cv"] = np.zeros((length + 1, 3, 4), np.float32)
            told.append({"episode_id": episode, "elapsed_steps": length, "success": bool(held["end"][-1])})
    env = {"env_id": "PickCube-v1", "env_kwargs": {"sim_config": {"control_freq": 20}}}
    path.with_suffix(".json").write_text(json.dumps({"env_info": env, "episodes": told}))
    return path


def imported(line: str, out: Path) -> tuple[dict, list]:
    """Import, and return the record and each episode's arrays."""
    outcome = run(f"{line} --out {out}", [ROBOMIMIC, MANISKILL])
    assert outcome.code == 0, outcome.err
    record = json.loads((out / "dataset.json").read_text())
    return record, [np.load(out / entry["file"]) for entry in record["episodes"]]


def refused(line: str, out: Path) -> str:
    outcome = run(f"{line} --out {out}", [ROBOMIMIC, MANISKILL])
    assert outcome.code in (2, 4) and not out.exists()
    return outcome.err


def require_same(arrays, episode: int) -> None:
    truth = values(episode)
    assert (arrays["qpos"] == truth["qpos"].astype(np.float32)).all() and (arrays["rgb"] == truth["rgb"]).all()
    assert (arrays["action"][1:] == truth["actions"].astype(np.float32)).all() and not arrays["action"][0].any()
    assert (arrays["reward"][1:] == truth["rewards"]).all() and arrays["reward"][0] == 0
    assert arrays["terminated"].tolist() == [False, *truth["end"]] and not arrays["missing"].any()


def test_the_contracts_hold(demos: Path, trajectories: Path) -> None:
    check_reader(ROBOMIMIC, str(demos))
    check_reader(ROBOMIMIC, str(demos), RobomimicOptions("train"))
    check_reader(MANISKILL, str(trajectories))


def test_robomimics_last_observation_is_the_next_one(demos: Path, tmp_path: Path) -> None:
    line = f"data import robomimic {demos} --sensor rgb=agentview_image --sensor qpos=joints"
    record, episodes = imported(line, tmp_path / "data")
    assert record["fps"] == 20 and [len(arrays["action"]) for arrays in episodes] == [71, 4, 6]
    for episode, arrays in enumerate(episodes):
        require_same(arrays, episode)


def test_where_it_is_not_there_every_sensor_is_missing(demos: Path, tmp_path: Path) -> None:
    with pytest.importorskip("h5py").File(demos, "a") as file:
        for name in file["data"]:
            del file[f"data/{name}/next_obs"]
    _, episodes = imported(f"data import robomimic {demos}", tmp_path / "data")
    assert episodes[1]["missing"].tolist() == [[False, False]] * 3 + [[True, True]]
    assert episodes[1]["reward"][-1] == values(1)["rewards"][-1] and episodes[1]["terminated"][-1]


def test_a_copy_of_the_last_observation_is_none(demos: Path, tmp_path: Path) -> None:
    with pytest.importorskip("h5py").File(demos, "a") as file:
        for demo in file["data"].values():
            for name in demo["obs"]:
                demo["next_obs"][name][-1] = demo["obs"][name][-1]
    _, episodes = imported(f"data import robomimic {demos}", tmp_path / "data")
    assert episodes[1]["missing"].tolist() == [[False, False]] * 3 + [[True, True]]


@pytest.mark.parametrize("ended, ends", [("dones", [1, 1, 1]), ("reward", [0, 1, 0]), ("none", [0, 0, 0])])
def test_what_dones_say_of_the_last_row_can_be_left(demos: Path, tmp_path: Path, ended: str, ends: list[int]) -> None:
    """All demonstrations are marked as ended, and one was paid."""
    with pytest.importorskip("h5py").File(demos, "a") as file:
        for demo, paid in zip(("demo_2", "demo_10", "demo_11"), (0, 1, -1), strict=True):
            file[f"data/{demo}/dones"][-1] = 1
            file[f"data/{demo}/rewards"][-1] = paid
    outcome = run(f"data import robomimic {demos} --robomimic.ended {ended} --out {tmp_path / 'data'}", [ROBOMIMIC])
    assert outcome.code == 0 and ("every demonstration ended" in outcome.err) == (ended == "dones")
    files = [tmp_path / "data" / f"episode-00000{number}.npz" for number in range(3)]
    assert [int(np.load(file)["terminated"][-1]) for file in files] == ends


def test_a_filter_key_chooses_demonstrations(demos: Path, tmp_path: Path) -> None:
    line = f"data import robomimic {demos} --sensor rgb=agentview_image --sensor qpos=joints"
    _, episodes = imported(f"{line} --robomimic.filter train", tmp_path / "data")
    for episode, arrays in zip((0, 2), episodes, strict=True):
        require_same(arrays, episode)
    assert "There are: train" in refused(f"{line} --robomimic.filter valid", tmp_path / "other")


def test_maniskill_tells_all_of_it(trajectories: Path, tmp_path: Path) -> None:
    record, episodes = imported(f"data import maniskill {trajectories}", tmp_path / "data")
    assert set(record["sensors"]) == {"qpos", "rgb", "depth"} and record["fps"] == 20
    for episode, arrays in enumerate(episodes):
        require_same(arrays, episode)
        assert (arrays["depth"] == values(episode)["depth"].astype(np.float32) / np.float32(1000)).all()
        assert record["episodes"][episode]["metrics"] == {"success": float(episode != 2)}


def test_a_state_alone_is_a_sensor(trajectories: Path, tmp_path: Path) -> None:
    with pytest.importorskip("h5py").File(trajectories, "a") as file:
        for episode, name in enumerate(file):
            del file[name]["obs"], file[name]["rewards"]
            file[name]["obs"] = values(episode)["qpos"]
    record, episodes = imported(f"data import maniskill {trajectories}", tmp_path / "data")
    assert record["sensors"] == {"obs": {"kind": "vector", "shape": [4]}} and record["reward"] == "absent"
    assert (episodes[2]["obs"] == values(2)["qpos"].astype(np.float32)).all()


def spoil(path: Path, name: str, value=None) -> None:
    """Take a group out of a file, or shorten it to ``value`` rows."""
    with pytest.importorskip("h5py").File(path, "a") as file:
        kept = None if value is None else file[name][:value]
        del file[name]
        if kept is not None:
            file[name] = kept


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("data/demo_10/obs", None, "dataset_states_to_obs"),
        ("data/demo_10/actions", 2, "demo_10 in"),
        ("data/demo_10/obs/joints", 2, "joints in /data/demo_10 has another number of rows"),
        ("data", None, "it holds no data/demo_0"),
        ("data/demo_10/actions", None, "cannot be read as robomimic"),
    ],
)
def test_a_file_that_robomimic_would_not_write_is_refused(demos: Path, tmp_path: Path, name, value, told) -> None:
    spoil(demos, name, value)
    assert told in refused(f"data import robomimic {demos}", tmp_path / "data")


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("traj_1/obs", None, "replay_trajectory"),
        ("traj_1/actions", 2, "traj_1 in"),
        ("traj_1", None, "should hold 3 trajectories, and holds 2"),
        ("traj_1/obs/agent/qpos", 2, "agent/qpos in episode 1 has 2 observations for 3 actions"),
    ],
)
def test_trajectories_that_maniskill_would_not_write_are_refused(trajectories, tmp_path, name, value, told) -> None:
    spoil(trajectories, name, value)
    assert told in refused(f"data import maniskill {trajectories}", tmp_path / "data")


def test_files_that_are_none_are_refused(trajectories: Path, tmp_path: Path) -> None:
    (tmp_path / "no.h5").write_text("nothing")
    assert "no HDF5 file" in refused(f"data import maniskill {tmp_path / 'no.h5'}", tmp_path / "data")
    assert "is no file" in refused(f"data import robomimic {tmp_path / 'gone.h5'}", tmp_path / "data")
    trajectories.with_suffix(".json").unlink()
    assert "trajectory.json is missing" in refused(f"data import maniskill {trajectories}", tmp_path / "data")
