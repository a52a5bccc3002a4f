#!/usr/bin/env bash
# A calibrated camera can be put into a MuJoCo scene by its focal length and its principal point, both in pixels. The principal point is an
# offset from the picture's middle, and it has the other sign than the one that calibration gives: with principalpixel="8 0" a ball on the
# camera's axis is drawn 8 pixels to the LEFT of the middle, with "0 8" 8 pixels ABOVE it, where a calibration's cx = width / 2 + 8 and
# cy = height / 2 + 8 (rows counted downwards, as OpenCV does) put it to the right and below. So principalpixel is (width / 2 - cx,
# height / 2 - cy). The focal lengths need no such care.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np

print("Python", sys.version.split()[0], "mujoco", version("mujoco"))
found = {}
for offset in ("0 0", "8 0", "0 8"):
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <worldbody>
            <camera name="calibrated" pos="0 0 3" resolution="64 64" sensorsize="0.064 0.064" focalpixel="60 60" principalpixel="{offset}"/>
            <geom type="sphere" size="0.1" pos="0 0 1"/>
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 64, 64) as renderer:
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, "calibrated")
        rows, columns = np.nonzero(renderer.render()[..., 0] == 0)
    found[offset] = round(columns.mean() - 31.5), round(rows.mean() - 31.5)
    print(f'principalpixel="{offset}": the ball on the axis is drawn {found[offset][0]:+d} columns and {found[offset][1]:+d} rows from the middle')
if found != {"0 0": (0, 0), "8 0": (-8, 0), "0 8": (0, -8)}:
    sys.exit("it has changed")
PY
