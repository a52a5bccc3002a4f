#!/usr/bin/env bash
# A replay buffer in Zarr grows by an episode like this: take the array from its group, resize it, write the last rows, and note the
# new end in another array. In zarr-python 3 this writes the second episode over the first if the store has consolidated metadata, which
# whoever publishes a store makes. open_group() then takes shapes from there, by default and for writing, too (version 2 did so on
# request only), and nothing that is resized or appended through it changes what it says: the group hands out the old shape, so each
# new episode begins where the first new one did. Nothing is raised or said, and readers by the group see none of the new rows
# at all. open_group(..., use_consolidated=False) is the cure, or deleting the consolidated metadata before growing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q zarr==3.1.6 numcodecs==0.16.6 numpy==2.4.6
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import zarr

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("zarr", "numcodecs", "numpy")))


def add(group, values):
    """Add an episode, as replay buffers in Zarr do."""
    rows, ends = group["data/action"], group["meta/episode_ends"]
    end = int(ends[-1]) + len(values)
    rows.resize((end,))
    rows[-len(values) :] = values
    ends.resize((ends.shape[0] + 1,))
    ends[-1] = end


def held(path):
    """What lies in the files, array by array: consolidated metadata is not asked."""
    return [zarr.open_array(f"{path}/{name}", mode="r")[:].tolist() for name in ("data/action", "meta/episode_ends")]


seen = []
for form in (2, 3):
    for how in ({}, {"use_consolidated": False}):
        path = f"{form}{len(how)}"
        group = zarr.open_group(path, mode="w", zarr_format=form)
        group.create_array("data/action", data=np.array([1, 1, 1, 1]), chunks=(4,))
        group.create_array("meta/episode_ends", data=np.array([4]), chunks=(4,))
        zarr.consolidate_metadata(path)
        group = zarr.open_group(path, mode="r+", **how)
        add(group, np.array([2, 2]))
        add(group, np.array([3, 3, 3]))
        rows, ends = held(path)
        told = zarr.open_group(path, mode="r", **how)["data/action"].shape[0]
        print(f"format {form}, {how or 'as by default'}: rows {rows}, episodes end at {ends}, and a reader of the group is told of {told} rows")
        right = [1, 1, 1, 1, 2, 2, 3, 3, 3], [4, 6, 9], 9
        wrong = [1, 1, 1, 1, 3, 3, 3], [4, 7], 4
        seen.append((rows, ends, told) == (right if how else wrong))
if not all(seen):
    sys.exit("it has changed")
PY
