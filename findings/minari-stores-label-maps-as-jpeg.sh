#!/usr/bin/env bash
# Minari stores every observation of bytes that might be a picture as JPEG, by default and without a word: each Box of uint8 from 0 to 255
# with sides of at least 32 pixels, also one of a single channel. A map of labels, such as a segmentation, comes back with other labels in
# it, even with labels that there were none of, and a mask of 0 and 1 is a mask no more. The same numbers in a space whose highest value
# is 254 come back as they were, and so they do with jpeg_encoding=False, which exists since 0.5.4.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q minari==0.5.4 gymnasium==1.4.0 numpy==2.4.6 h5py==3.16.0 pyarrow==26.0.1 pillow==13.0.0

MINARI_DATASETS_PATH="$place/datasets" "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import minari
import numpy as np
from gymnasium.spaces import Box
from minari.data_collector import EpisodeBuffer

print("Python", sys.version.split()[0], ", ".join(f"{name} {version(name)}" for name in ("minari", "pillow", "numpy")))
row, column = np.mgrid[:64, :64]
ball = [(row - 20 - 3 * step) ** 2 + (column - 30) ** 2 < 200 for step in range(4)]
wall = [row + column > 80 + step for step in range(4)]
labels = np.where(wall, 2, np.where(ball, 1, 0)).astype(np.uint8)
masks = np.array(ball).astype(np.uint8)


def back(name, values, **given):
    """What comes back of four observations."""
    high = given.pop("high", 255)
    steps = len(values) - 1
    buffer = EpisodeBuffer(
        observations=values,
        actions=np.zeros((steps, 1), np.float32),
        rewards=[0.0] * steps,
        terminations=[False] * steps,
        truncations=[False] * (steps - 1) + [True],
    )
    dataset = minari.create_dataset_from_buffers(
        f"labels/{name}-v0",
        [buffer],
        observation_space=Box(0, high, (64, 64), np.uint8),
        action_space=Box(-1, 1, (1,), np.float32),
        algorithm_name="none",
        author="nobody",
        author_email="nobody@example.org",
        code_permalink="https://example.org",
        description="Labels.",
        **given,
    )
    return dataset[0].observations


for name, values, same, given in (
    ("labels", labels, False, {}),
    ("labels-in-arrow", labels, False, {"data_format": "arrow"}),
    ("masks", masks, False, {}),
    ("labels-below-255", labels, True, {"high": 254}),
    ("labels-without-jpeg", labels, True, {"jpeg_encoding": False}),
):
    found = back(name, values, **given)
    changed = (found != values).mean()
    print(f"{name}: stored {np.unique(values)}, came back {np.unique(found)}, {changed:.1%} of the pixels changed")
    if (changed == 0) != same:
        sys.exit("it has changed")
PY
