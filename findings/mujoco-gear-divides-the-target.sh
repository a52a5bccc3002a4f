#!/usr/bin/env bash
# A servo in a MuJoCo file (<position>, <velocity>, <intvelocity>) with gear="50" does not take joint angles: its length is 50 times the
# angle, and the command is a length, so 1 is an angle of 1/50. The gear counts twice in its stiffness: the joint is held by kp * gear^2,
# so kp="10" gear="50" is a spring of 25000 Nm/rad. forcerange bounds the force before the gear: the joint gets up to 50 times as much,
# and an actuatorfrc sensor reads the small number (jointactuatorfrc the torque at the joint). And in a file in degrees the ctrlrange of a
# servo is still in radians: range="-90 90" at the joint and ctrlrange="-90 90" at its servo are not the same. Use inheritrange="1".
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
          <joint name="hinge" axis="0 0 1" range="-90 90" damping="200" armature="1"/>
          <geom size="0.1" pos="0.3 0 0"/>
        </body>
      </worldbody>
      <actuator><position name="servo" joint="hinge" kp="10" {attributes}/></actuator>
      <sensor>
        <actuatorfrc actuator="servo"/>
        <jointactuatorfrc joint="hinge"/>
      </sensor>
    </mujoco>"""


def servo(attributes, command=1.0):
    """Return the angle where the joint comes to rest, its stiffness in Nm/rad, and both force sensors at the start."""
    model = mujoco.MjModel.from_xml_string(SCENE.format(attributes=attributes))
    data = mujoco.MjData(model)
    data.ctrl[0] = command
    mujoco.mj_forward(model, data)
    forces, torque = data.sensordata.copy(), data.qfrc_actuator[0]
    data.qpos[0] = 0.01
    mujoco.mj_forward(model, data)
    stiffness = (torque - data.qfrc_actuator[0]) / 0.01
    for _ in range(50_000):
        mujoco.mj_step(model, data)
    return float(data.qpos[0]), float(stiffness), float(forces[0]), float(forces[1])


found = {}
for attributes in ('gear="1"', 'gear="50"'):
    found[attributes] = servo(attributes)
    print("kp 10, {}, command 1: the joint goes to {:.3f} rad, held by {:.0f} Nm/rad; at first actuatorfrc {:g}, jointactuatorfrc {:g}".format(
        attributes, *found[attributes]))
bounded = servo('gear="50" forcerange="-5 5"')[2:]
print("gear 50 and forcerange 5: actuatorfrc {:g}, and {:g} Nm at the joint".format(*bounded))
ranges = []
for attributes in ('ctrlrange="-90 90"', 'inheritrange="1"'):
    ranges.append(mujoco.MjModel.from_xml_string(SCENE.format(attributes=attributes)).actuator("servo").ctrlrange[1])
print(f"the joint ends at {np.pi / 2:.2f} rad; its servo takes commands up to {ranges[0]:.2f} with ctrlrange 90, {ranges[1]:.2f} with inheritrange 1")
plain, geared = found.values()
if not (np.allclose(plain, (1, 10, 10, 10), rtol=0.02) and np.allclose(geared, (0.02, 25_000, 10, 500), rtol=0.02)):
    sys.exit(f"it has changed: {found}")
if not (np.allclose(bounded, (5, 250)) and np.allclose(ranges, (90, np.pi / 2))):
    sys.exit(f"it has changed: {bounded}, {ranges}")
PY
