#!/usr/bin/env bash
# HDF5's scale-offset filter (scaleoffset=3 in h5py) keeps floats to so many decimals in few bits: for depth in metres to the millimetre.
# NaN, by which cameras say that nothing was measured, does not survive it: each becomes the smallest number in its chunk, so that holes
# in a depth picture become the nearest surface, with no NaN left and nothing said. NaN as the dataset's fill value does not help. And a
# test that writes and reads back does not see it: until the file is closed, chunks come from memory as they were, NaN and all decimals
# with them. What was measured around a NaN comes back as it should, and so does infinity, which can stand for holes instead.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q h5py==3.16.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import h5py
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("h5py", "numpy")), f"HDF5 {h5py.version.hdf5_version}")
depth = np.linspace(0.7, 2.7, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
hole = np.zeros(depth.shape, bool)
hole[0, 20:30, 20:30] = True
depth[hole] = np.nan
far = np.where(hole, np.float32(np.inf), depth)
options = {"chunks": depth.shape, "scaleoffset": 3}
with h5py.File("depth.h5", "w") as file:
    plain = file.create_dataset("plain", data=depth, **options)
    file.create_dataset("filled", data=depth, fillvalue=np.nan, **options)
    file.create_dataset("far", data=far, **options)
    early = plain[:]
with h5py.File("depth.h5") as file:
    late, filled, far = file["plain"][:], file["filled"][:], file["far"][:]
    size = file["plain"].id.get_storage_size()
print(f"{depth.nbytes} bytes are kept in {size}; the smallest depth is {np.nanmin(depth):.3f}")
print(f"of {hole.sum()} NaN, {np.isnan(early).sum()} are read before the file is closed, {np.isnan(late).sum()} afterwards: {set(late[hole].round(3).tolist())}")
print(f"with NaN as the fill value {np.isnan(filled).sum()}; of as many infinities {np.isinf(far).sum()} come back; what was measured is off by up to {np.abs(late - depth)[~hole].max():.5f}")
same = np.array_equal(early, depth, equal_nan=True)
near = np.abs(late[hole] - np.nanmin(depth)).max() < 0.001 and np.abs(late - depth)[~hole].max() < 0.001
if not (same and near and not np.isnan(filled).any() and np.array_equal(np.isinf(far), hole)):
    sys.exit("it has changed")
PY
