#!/usr/bin/env bash
# A floating base has no limits in MuJoCo. Read by Pinocchio (buildModelFromMJCF) it has: -1.01 and 1.01 for every coordinate, for the
# quaternion and for the place in metres as well. A random configuration stays in a box of 2 m around the origin, and whatever keeps to
# lowerPositionLimit and upperPositionLimit, as inverse kinematics and planners do, cannot let a robot walk further than a metre, or stand
# where its base is higher than that; the home keyframe of a humanoid may already be out of bounds. The same base read from a URDF, with
# JointModelFreeFlyer, is free. So set both limits of the first three coordinates to infinity after reading.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q pin==4.1.0 coal==3.0.3 eigenpy==3.13.0 mujoco==3.17.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import mujoco
import numpy as np
import pinocchio

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pin", "mujoco", "numpy")))
MJCF = """
    <mujoco>
      <worldbody><body name="base" pos="0 0 1.3"><freejoint name="root"/><geom size="0.1"/></body></worldbody>
      <keyframe><key name="home" qpos="5 0 1.3 1 0 0 0"/></keyframe>
    </mujoco>"""
URDF = """
    <robot name="robot">
      <link name="base"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
    </robot>"""
Path("scene.xml").write_text(MJCF)
scene = pinocchio.buildModelFromMJCF("scene.xml")
described = pinocchio.buildModelFromXML(URDF, pinocchio.JointModelFreeFlyer())
simulated = mujoco.MjModel.from_xml_path("scene.xml")
print("limited in MuJoCo:", bool(simulated.jnt_limited[0]))
for name, model in ("MJCF", scene), ("URDF", described):
    print(f"the base's place from {name}: {model.lowerPositionLimit[:3]} to {model.upperPositionLimit[:3]}")
home = scene.referenceConfigurations["home"]
print("the keyframe that the file gives as home:", home[:3])
print("is it within the limits?", bool((home <= scene.upperPositionLimit).all()))
places = np.array([pinocchio.randomConfiguration(scene)[:3] for _ in range(1000)])
print("the furthest of 1000 random configurations:", np.abs(places).max(axis=0).round(2))
if not (
    np.allclose(scene.upperPositionLimit, 1.01)
    and np.allclose(scene.lowerPositionLimit, -1.01)
    and np.abs(places).max() <= 1.01
    and home[0] > scene.upperPositionLimit[0]
    and (described.upperPositionLimit[:3] > 1e300).all()
    and not simulated.jnt_limited[0]
):
    sys.exit("it has changed")
PY
