#!/usr/bin/env bash
# Minari, installed with all of its extras that store data, can neither write nor read a dataset: both of its storages import Pillow at
# the top, for pictures, and none of the extras brings it along, nor says the message which one would. This is so for datasets of plain
# numbers as well. minari[all] is no better: of what it adds, nothing requires Pillow. `pip check` finds nothing wrong. With Pillow beside
# it, the same lines work.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q 'minari[hdf5,arrow]==0.5.4' gymnasium==1.4.0 numpy==2.4.6 h5py==3.16.0 pyarrow==26.0.1
pip check

try() { # STORAGE WHAT-IS-EXPECTED
    MINARI_DATASETS_PATH="$place/datasets" "$place/venv/bin/python" - "$1" "$2" <<'PY'
import sys
import warnings
from importlib.metadata import PackageNotFoundError, requires, version

warnings.simplefilter("ignore")
import minari
import numpy as np
from gymnasium.spaces import Box
from minari.data_collector import EpisodeBuffer


def named(package):
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


form, expected = sys.argv[1:]
assert not any("pillow" in line.lower() for line in requires("minari"))
buffer = EpisodeBuffer(
    observations=np.zeros((4, 2), np.float32),
    actions=np.zeros((3, 1), np.float32),
    rewards=[0.0] * 3,
    terminations=[False] * 3,
    truncations=[False, False, True],
)
try:
    dataset = minari.create_dataset_from_buffers(
        f"plain/{form}-v0",
        [buffer],
        observation_space=Box(-1, 1, (2,), np.float32),
        action_space=Box(-1, 1, (1,), np.float32),
        data_format=form,
        algorithm_name="none",
        author="nobody",
        author_email="nobody@example.org",
        code_permalink="https://example.org",
        description="Numbers.",
    )
    found = f"{minari.load_dataset(f'plain/{form}-v0').total_steps} steps"
except ModuleNotFoundError as error:
    found = f"no module {error.name}"
print(f"{named('minari')}, {named('pillow')}, {form}: {found}")
if found != expected:
    sys.exit(f"it has changed: {expected!r} was seen")
PY
}

try hdf5 "no module PIL"
try arrow "no module PIL"
rm -rf "$place/datasets"
pip install -q pillow==13.0.0
try hdf5 "3 steps"
try arrow "3 steps"
