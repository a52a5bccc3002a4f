#!/usr/bin/env bash
# mj_resetData sets a MuJoCo robot to model.qpos0, so writing a home pose there looks like the way to start episodes in it. It is not:
# qpos0 is also what joint angles are counted from. An arm that hangs down and has qpos0 set to 90 degrees still hangs down after a reset,
# with angles that now read 90 degrees; from then on the angle of every pose has another meaning, the one pose that could be reached before
# by that number cannot be, and joint limits stop the arm elsewhere. Nothing warns, and what is read from qpos looks as asked. So leave
# qpos0 alone, and start from a keyframe (mj_resetDataKeyframe), or write data.qpos after the reset.
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
        <body>
          <joint name="shoulder" axis="0 -1 0" range="-120 120" damping="1"/>
          <geom type="capsule" fromto="0 0 0 0 0 -1" size="0.05"/>
          <site name="hand" pos="0 0 -1"/>
        </body>
      </worldbody>
    </mujoco>"""


def hand(model, data):
    mujoco.mj_forward(model, data)
    return data.site("hand").xpos.round(3) + 0.0


def falls_to(model, data):
    for _ in range(10_000):
        mujoco.mj_step(model, data)
    return float(np.degrees(data.qpos[0]))


written = mujoco.MjModel.from_xml_string(SCENE)
data = mujoco.MjData(written)
data.qpos[0] = np.pi / 2
meant = hand(written, data)
rest = falls_to(written, data)
print(f"data.qpos written: the hand is at {meant}, and the arm comes to rest at {rest:.0f} degrees")
moved = mujoco.MjModel.from_xml_string(SCENE)
data = mujoco.MjData(moved)
moved.qpos0[0] = np.pi / 2
mujoco.mj_resetData(moved, data)
got, angle = hand(moved, data), float(np.degrees(data.qpos[0]))
still = falls_to(moved, data)
print(f"model.qpos0 written, and reset: the angle reads {angle:.0f} degrees, the hand is at {got}, and the arm comes to rest at {still:.0f} degrees")
if not (np.allclose(meant, [1, 0, 0]) and abs(rest) < 1 and np.allclose(got, [0, 0, -1]) and abs(angle - 90) < 1e-6 and abs(still - 90) < 1):
    sys.exit("it has changed")
PY
