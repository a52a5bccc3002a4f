#!/usr/bin/env bash
# Minari 0.5.3 and 0.5.4 name 0.5.2 among the versions whose datasets they read, open one, and tell its episodes and steps, but cannot
# read an episode that has pictures in it: 0.5.2 stored them as they were, later ones take all of them for JPEG. The errors do not speak
# of versions. Neither HDF5 nor Arrow can be read, and datasets without pictures can. One line in the dataset's metadata.json,
# "jpeg_encoding": false, lets 0.5.4 read it, exactly; 0.5.3 does not know it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export MINARI_DATASETS_PATH="$place/datasets"
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q minari==0.5.2 gymnasium==1.2.3 numpy==2.3.5 h5py==3.16.0 pyarrow==26.0.1 pillow==12.1.0

"$place/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import minari
import numpy as np
from gymnasium.spaces import Box
from minari.data_collector import EpisodeBuffer

row, column = np.mgrid[:64, :64]
pictures = np.stack([np.stack([4 * column, 4 * row, 0 * row + 9 * step], -1) for step in range(4)]).astype(np.uint8)
numbers = np.arange(8, dtype=np.float32).reshape(4, 2)
for name, values, space in (
    ("pictures", pictures, Box(0, 255, (64, 64, 3), np.uint8)),
    ("numbers", numbers, Box(-np.inf, np.inf, (2,), np.float32)),
):
    for form in ("hdf5", "arrow"):
        buffer = EpisodeBuffer(
            observations=values,
            actions=np.zeros((3, 1), np.float32),
            rewards=[0.0] * 3,
            terminations=[False] * 3,
            truncations=[False, False, True],
        )
        minari.create_dataset_from_buffers(
            f"older/{name}-{form}-v0",
            [buffer],
            observation_space=space,
            action_space=Box(-1, 1, (1,), np.float32),
            data_format=form,
            algorithm_name="none",
            author="nobody",
            author_email="nobody@example.org",
            code_permalink="https://example.org",
            description="One episode.",
        )
PY

look() { # WHETHER-PICTURES-CAN-BE-READ
    "$place/venv/bin/python" - "$1" <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import minari
import numpy as np

print("Python", sys.version.split()[0], ", ".join(f"{name} {version(name)}" for name in ("minari", "pillow", "numpy")))
row, column = np.mgrid[:64, :64]
pictures = np.stack([np.stack([4 * column, 4 * row, 0 * row + 9 * step], -1) for step in range(4)]).astype(np.uint8)
print("  0.5.2 is named as supported:", "0.5.2" in getattr(minari, "supported_dataset_versions", {"0.5.2"}))
for name in ("numbers-hdf5", "numbers-arrow", "pictures-hdf5", "pictures-arrow"):
    dataset = minari.load_dataset(f"older/{name}-v0")
    try:
        observations = dataset[0].observations
        found, can = f"read, {observations.shape}", True
        assert name.startswith("numbers") or (observations == pictures).all()
    except Exception as error:
        found, can = f"{type(error).__name__}: {str(error)[:60]}", False
    print(f"  {name}, {dataset.total_steps} steps: {found}")
    if can != (name.startswith("numbers") or sys.argv[1] == "yes"):
        sys.exit("it has changed")
PY
}

look yes
pip install -q minari==0.5.3
look no
pip install -q minari==0.5.4
look no
echo "with \"jpeg_encoding\": false in metadata.json:"
sed -i 's/^{/{"jpeg_encoding": false, /' "$MINARI_DATASETS_PATH"/older/pictures-*/data/metadata.json
look yes
pip install -q minari==0.5.3
look no
