#!/usr/bin/env bash
# Depth in metres, or disparity, as floats lies in .pfm and .exr files. Where PyAV is installed, imageio reads them without being asked
# through FFmpeg, as pictures for the eye: three channels of uint8, of which 1 metre and all that is farther are 255, and nearer things follow a curve of
# brightness. Nothing is said, and v2.imread and v3.imread do the same. Without PyAV the same call reads a .pfm exactly, or says that it
# cannot read the .exr. So installing PyAV, for videos, changes what depth is. Naming the plugin is the cure:
# imread("depth.pfm", plugin="pillow"); an .exr is read by the OpenEXR package itself.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check install -q "$@"; }
pip imageio==2.38.1 pillow==13.0.0 numpy==2.4.6 OpenEXR==3.5.3
cd "$place"
cat >read.py <<'PY'
import sys
from importlib.metadata import version

import imageio.v3 as iio
import numpy as np
import OpenEXR

beside = len(sys.argv) > 1
print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("imageio", "pillow", "OpenEXR", *sys.argv[1:])))
row = np.array([0.25, 0.5, 1, 2, 5, 40], np.float32)
depth = np.repeat(np.repeat(row[None], 16, 0), 8, 1)
with open("depth.pfm", "wb") as file:  # rows from the last to the first, little endian
    file.write(b"Pf\n48 16\n-1.0\n" + depth[::-1].tobytes())
with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"Y": depth}) as file:
    file.write("depth.exr")
seen = {}
for name, how in (("depth.pfm", {}), ("depth.exr", {}), ("depth.pfm", {"plugin": "pillow"})):
    try:
        array = iio.imread(name, **how)
        array = array.reshape(-1, *depth.shape, array.size // depth.size)[0, 0, ::8, 0]
        said = f"{array.dtype} {array.tolist()}"
        kind = "bytes" if array.dtype == np.uint8 and (array[2:] == 255).all() else "exact" if (array == row).all() else "other"
    except (OSError, ValueError) as error:
        said, kind = f"{type(error).__name__}", "refused"
    print(f"{name} {how or 'as by default'}: {said}")
    seen[name, bool(how)] = kind
with OpenEXR.File("depth.exr") as file:
    exact = (file.channels()["Y"].pixels == depth).all()
usual = {("depth.pfm", False): "bytes", ("depth.exr", False): "bytes"} if beside else {("depth.pfm", False): "exact", ("depth.exr", False): "refused"}
if seen != usual | {("depth.pfm", True): "exact"} or not exact:
    sys.exit(f"it has changed: {seen}")
PY
venv/bin/python read.py
pip av==18.1.0
venv/bin/python read.py av
