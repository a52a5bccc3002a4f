#!/usr/bin/env bash
# dm_control's Camera.matrix finds the pixel of a point in the scene, as its tutorial shows. For a camera that has a
# vertical angle of view it gives the pixel where the point is drawn. For a calibrated one (focal lengths and principal point in pixels),
# which the renderer of the same package draws as calibrated, it is computed from the angle of view alone: one focal length for both axes,
# the principal point in the middle. Here it misses by 13 columns of 64, without a word.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q dm-control==1.0.50 mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from dm_control.mujoco import Physics
from dm_control.mujoco.engine import Camera

POINT = np.array([0.5, 0.4, 1.0, 1.0])
SCENE = """
<mujoco>
  <worldbody>
    <camera name="angle" pos="0 0 3" fovy="60"/>
    <camera name="calibrated" pos="0 0 3" resolution="64 64" sensorsize="0.064 0.064" focalpixel="40 60" principalpixel="8 0"/>
    <geom type="plane" size="5 5 0.1"/>
    <geom type="sphere" size="0.1" pos="0.5 0.4 1"/>
  </worldbody>
</mujoco>
"""
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("dm-control", "mujoco")))
physics = Physics.from_xml_string(SCENE)
missed = {}
for camera in ("angle", "calibrated"):
    rows, columns = np.nonzero(physics.render(64, 64, camera_id=camera, segmentation=True)[..., 0] == 1)
    drawn = np.array([columns.mean(), rows.mean()])
    x, y, depth = Camera(physics, 64, 64, camera_id=camera).matrix @ POINT
    missed[camera] = float(np.abs(np.array([x, y]) / depth - drawn).max())
    print(f"{camera}: drawn at column {drawn[0]:.1f}, row {drawn[1]:.1f}; the matrix says {x / depth:.1f}, {y / depth:.1f}")
physics.free()
if not (missed["angle"] < 0.5 and 12 < missed["calibrated"] < 14):
    sys.exit(f"it has changed: {missed}")
PY
