#!/usr/bin/env bash
# Sensors in MuJoCo can be late (delay="0.03" nsample="8"), as a real robot's are. After a reset such a sensor does not read the first
# value until newer ones arrive, but zero, for as long as the delay lasts, and so in every episode: a height of 5 m is 0, and an
# orientation is (0, 0, 0, 0), which is no rotation, and turns into NaN where it is normalised. mj_forward() does not fill it, however
# often it is called. So write what is to be read first with mj_initSensorHistory after a reset, or leave out the first readings.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "numpy")))
model = mujoco.MjModel.from_xml_string("""
    <mujoco>
      <option timestep="0.01" gravity="0 0 0"/>
      <worldbody><body name="drone" pos="0 0 5"><freejoint/><geom size="0.1"/></body></worldbody>
      <sensor>
        <framepos name="place" objtype="body" objname="drone" delay="0.03" nsample="8"/>
        <framequat name="turn" objtype="body" objname="drone" delay="0.03" nsample="8"/>
        <framepos name="at once" objtype="body" objname="drone"/>
      </sensor>
    </mujoco>""")
data = mujoco.MjData(model)


def episode(prepare):
    mujoco.mj_resetData(model, data)
    mujoco.mj_forward(model, data)
    prepare()
    rows = []
    for _ in range(6):
        mujoco.mj_step(model, data)
        rows.append((data.sensor("at once").data[2], data.sensor("place").data[2], np.linalg.norm(data.sensor("turn").data)))
    return np.array(rows)


def forward():
    for _ in range(10):
        mujoco.mj_forward(model, data)


def fill():
    for name, value in (("place", [0, 0, 5.0]), ("turn", [1.0, 0, 0, 0])):
        mujoco.mj_initSensorHistory(model, data, model.sensor(name).id, None, np.tile(value, (8, 1)), 0.0)


found = {}
for name, prepare in (("a reset", lambda: None), ("a second reset", lambda: None), ("a reset and ten mj_forward", forward), ("filling the history", fill)):
    found[name] = episode(prepare)
    print(f"after {name}: heights {found[name][:, 1].tolist()} where they are {found[name][0, 0]:g}; lengths of the quaternion {found[name][:, 2].tolist()}")
late = [0, 0, 0, 1, 1, 1]
filled = found.pop("filling the history")
if not (all(np.allclose(rows[:, 1], np.multiply(5, late)) and np.allclose(rows[:, 2], late) for rows in found.values()) and np.allclose(filled[:, 1:], [5, 1])):
    sys.exit("it has changed")
PY
