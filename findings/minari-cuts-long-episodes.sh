#!/usr/bin/env bash
# Minari gives an episode that it stored as Arrow or Parquet back cut: read in Minari, the first 32,768 rows are the episode, without its
# end, and the rest is handed out as the next one, in place of the episode that really comes next, and an action is lost in between.
# Nothing is raised or said: the dataset still tells the right number of episodes and of steps, and each episode the id that was asked
# for. The files are whole: PyArrow reads all rows, in order. The same episodes stored as HDF5, which is the default, come back as they
# were.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q minari==0.5.4 gymnasium==1.4.0 numpy==2.4.6 h5py==3.16.0 pyarrow==26.0.1 pillow==13.0.0

MINARI_DATASETS_PATH="$place/datasets" "$place/venv/bin/python" - <<'PY'
import os
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")
import minari
import numpy as np
import pyarrow.dataset
from gymnasium.spaces import Box
from minari.data_collector import EpisodeBuffer

print("Python", sys.version.split()[0], ", ".join(f"{name} {version(name)}" for name in ("minari", "pyarrow", "numpy")))
STEPS = (40_000, 5, 7)
"""The actions of each episode. Observations count on from 0, 1,000,000 and 2,000,000."""


def buffer(number):
    steps = STEPS[number]
    last = np.arange(steps) == steps - 1
    return EpisodeBuffer(
        observations=(1_000_000 * number + np.arange(steps + 1, dtype=np.float64))[:, None],
        actions=np.zeros((steps, 1), np.float32),
        rewards=np.zeros(steps),
        terminations=last,
        truncations=np.zeros(steps, bool),
    )


for form in ("hdf5", "arrow", "parquet"):
    minari.create_dataset_from_buffers(
        f"long/{form}-v0",
        [buffer(number) for number in range(3)],
        observation_space=Box(-np.inf, np.inf, (1,), np.float64),
        action_space=Box(-1, 1, (1,), np.float32),
        data_format=form,
        algorithm_name="none",
        author="nobody",
        author_email="nobody@example.org",
        code_permalink="https://example.org",
        description="Three episodes.",
    )
    dataset = minari.load_dataset(f"long/{form}-v0")
    print(f"{form}: {dataset.total_episodes} episodes, {dataset.total_steps} steps in all")
    seen = []
    for episode in dataset.iterate_episodes():
        first, last = (int(episode.observations[row, 0]) for row in (0, -1))
        seen.append((len(episode), bool(episode.terminations[-1])))
        print(f"  episode {episode.id}: {len(episode)} actions, observations {first} to {last}, terminated: {seen[-1][1]}")
    whole = [(steps, True) for steps in STEPS]
    cut = [(32_767, False), (7_232, True), (5, True)]
    if (dataset.total_episodes, dataset.total_steps) != (3, sum(STEPS)) or seen != (whole if form == "hdf5" else cut):
        sys.exit("it has changed")
    if form != "hdf5":
        folder = Path(os.environ["MINARI_DATASETS_PATH"], f"long/{form}-v0/data/0")
        rows = pyarrow.dataset.dataset(folder, format=form, ignore_prefixes=["metadata.json"]).to_table()
        values = rows["observations"].combine_chunks().flatten().to_numpy()
        print(f"  in the files of episode 0: {len(values)} rows, in order: {bool((np.diff(values) == 1).all())}")
        assert len(values) == 40_001 and (np.diff(values) == 1).all()
PY
