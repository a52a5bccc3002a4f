#!/usr/bin/env bash
# A suction cup in MuJoCo is often an equality <weld> that is switched on when the cup touches (data.eq_active[i] = 1). One expects that
# it holds the object as it is. It does not: a weld without relpose holds the two bodies as they stood in the file, and a cube that was
# picked up 2 cm below the cup is pulled, here through half a metre, to where it lay beside the cup when the scene was written, and is
# turned back, too; softly and steadily, as if it was carried. So write the present relative pose into model.eq_data before switching
# on (anchor 0:3, place 3:6, quaternion 6:10, as seen from body1).
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
SCENE = """
    <mujoco>
      <worldbody>
        <geom type="plane" size="2 2 1"/>
        <body name="cup" mocap="true" pos="0 0 0.5"><geom size="0.01" contype="0" conaffinity="0"/></body>
        <body name="cube" pos="0.5 0 0.5">
          <freejoint/>
          <geom type="box" size="0.02 0.02 0.02" contype="0" conaffinity="0"/>
        </body>
      </worldbody>
      <equality><weld name="grasp" body1="cup" body2="cube" active="false"/></equality>
    </mujoco>"""


def grasp(keep):
    """Return how far the cube is from the cup when it is taken, and two seconds later, along each axis, and the angle by which it has turned."""
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    data.qpos[:] = 0, 0, 0.48, np.cos(0.4), 0, 0, np.sin(0.4)  # 2 cm below the cup, turned by 0.8 rad
    mujoco.mj_forward(model, data)
    cup, cube = data.body("cup"), data.body("cube")
    before, quaternion = cube.xpos - cup.xpos, cube.xquat.copy()
    if keep:
        model.eq_data[0, 3:6] = before  # the cup is not turned
        model.eq_data[0, 6:10] = quaternion
    data.eq_active[0] = 1
    for _ in range(1000):
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
    turned = 2 * np.arccos(min(1.0, abs(cube.xquat @ quaternion)))
    return before, cube.xpos - cup.xpos, float(turned)


found = {}
for name, keep in (("switched on", False), ("switched on after writing eq_data", True)):
    before, after, turned = found[name] = grasp(keep)
    print(f"{name}: the cube was {before.round(3) + 0.0} from the cup, and is {after.round(3) + 0.0} from it 2 s later, turned by {turned:.2f} rad")
_, pulled, back = found["switched on"]
before, held, still = found["switched on after writing eq_data"]
if not (np.allclose(pulled, [0.5, 0, 0], atol=0.01) and abs(back - 0.8) < 0.02 and np.allclose(held, before, atol=0.005) and still < 0.02):
    sys.exit(f"it has changed: {found}")
PY
