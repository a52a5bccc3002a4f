#!/usr/bin/env bash
# data.cvel looks like each body's velocity, six numbers beside xpos and xquat. Its linear part, the last three, is that of a point that is
# carried along by the body but lies at the centre of mass of the whole robot. Of an arm that turns at 1 rad/s the hand, 2 m out, and the
# shoulder, which does not move from its place, have the same linear cvel, 1 m/s. Speeds in rewards and observations that are read
# from it are wrong for anything but a single body. Ask mj_objectVelocity, or a framelinvel sensor. The qvel of a free body is
# another mixture: its velocity is along the world's axes, its turning about the body's own.
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
      <worldbody>
        <body name="shoulder">
          <joint name="shoulder" axis="0 0 1"/>
          <geom size="0.1" mass="1"/>
          <body name="hand" pos="2 0 0"><joint name="wrist" axis="0 0 1"/><geom size="0.1" mass="1"/></body>
        </body>
        <body name="ball" pos="0 5 0"><freejoint/><geom size="0.1"/></body>
      </worldbody>
      <sensor><framelinvel objtype="body" objname="hand"/></sensor>
    </mujoco>""")
data = mujoco.MjData(model)
data.joint("shoulder").qvel[0] = 1.0
data.qpos[model.joint(2).qposadr[0] + 3 :] = np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4)  # the ball is turned by 90 degrees about z
data.qvel[2:] = 1, 0, 0, 1, 0, 0  # and has both its velocities along x
mujoco.mj_forward(model, data)
true, found = np.zeros(6), {}
for name in ("shoulder", "hand", "ball"):
    mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, model.body(name).id, true, 0)
    found[name] = data.body(name).cvel[3:].copy(), true[3:].copy(), true[:3].copy()
    print(f"{name}: linear cvel {found[name][0].round(3) + 0.0}, velocity {found[name][1].round(3) + 0.0} m/s")
print(f"the hand's framelinvel sensor says {data.sensordata.round(3) + 0.0}")
print(f"the ball's qvel is {data.qvel[2:]}: it moves along {found['ball'][1].round(3) + 0.0}, and turns about {found['ball'][2].round(3) + 0.0} of the world")
same = all(np.allclose(found[name][0], [0, 1, 0]) for name in ("shoulder", "hand"))
right = np.allclose(found["shoulder"][1], 0) and np.allclose(found["hand"][1], [0, 2, 0]) and np.allclose(data.sensordata, [0, 2, 0])
if not (same and right and np.allclose(found["ball"][1], [1, 0, 0]) and np.allclose(found["ball"][2], [0, 1, 0])):
    sys.exit("it has changed")
PY
