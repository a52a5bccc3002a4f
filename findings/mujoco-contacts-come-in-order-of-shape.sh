#!/usr/bin/env bash
# Which of two shapes is a MuJoCo contact's geom1? Not the one with the lower number, but the one whose type comes first in plane, height
# field, sphere, capsule, ellipsoid, cylinder, box, mesh; only shapes of one type come by number. The normal, contact.frame[:3], points
# from geom1 to geom2. So code that asks whether geom1 is the finger and geom2 the object finds a grasp with a sphere for a fingertip
# and a box, and none once the fingertip is a box and the object a ball; and a normal that went from finger to object turns round with
# the shape of either. Compare both orders, and turn the normal with them.
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
SIZES = {"sphere": "0.1", "capsule": "0.1 0.1", "ellipsoid": "0.1 0.1 0.1", "cylinder": "0.1 0.1", "box": "0.1 0.1 0.1"}
HEIGHTS = {"sphere": 0.1, "capsule": 0.2, "ellipsoid": 0.1, "cylinder": 0.1, "box": 0.1}  # from the middle up
wrong = []
for finger in SIZES:
    row = []
    for thing in SIZES:
        model = mujoco.MjModel.from_xml_string(f"""
            <mujoco>
              <worldbody>
                <geom name="finger" type="{finger}" size="{SIZES[finger]}"/>
                <body pos="0 0 {HEIGHTS[finger] + HEIGHTS[thing] - 0.01}"><freejoint/><geom name="object" type="{thing}" size="{SIZES[thing]}"/></body>
              </worldbody>
            </mujoco>""")
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        pairs = {tuple(model.geom(geom).name for geom in contact.geom) for contact in data.contact}
        up = {bool(contact.frame[2] > 0) for contact in data.contact}
        first = pairs.pop()[0]
        row.append(f"{thing} {'up' if True in up else 'down'}")
        by_type = list(SIZES).index(finger) <= list(SIZES).index(thing)
        if pairs or len(up) != 1 or (first == "finger") != by_type or (True in up) != by_type:
            wrong.append((finger, thing))
    print(f"below is the finger, geom 0, a {finger}: the normal at an object above it, geom 1, points,", ", ".join(row))
if wrong:
    sys.exit(f"it has changed: {wrong}")
PY
