#!/usr/bin/env bash
# One URDF, two orders of joints, and neither is that of the file. MuJoCo goes down each branch to its end, and takes branches as the file
# does; Pinocchio goes down each branch, too, but takes them in alphabetical order. A robot of two arms has its right arm first in MuJoCo
# and its left arm first in Pinocchio, with as many numbers of the same ranges, so that angles recorded in one and used in the other move
# the wrong arm, and nothing can warn. A file that lists both shoulders before both elbows is read so by neither. So carry names beside
# numbers, and put them in order by model.names and by mujoco's model.joint(i).name.
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
import pinocchio

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pin", "mujoco", "numpy")))
LINK = """
    <link name="{}">
      <inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
    </link>"""
JOINT = """
    <joint name="{}" type="revolute">
      <parent link="{}"/><child link="{}"/><axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="1" velocity="1"/>
    </joint>"""
JOINTS = (
    ("right_shoulder", "body", "right_arm"),
    ("left_shoulder", "body", "left_arm"),
    ("right_elbow", "right_arm", "right_hand"),
    ("left_elbow", "left_arm", "left_hand"),
)
parts = [LINK.format(name) for name in ("body", *(child for _, _, child in JOINTS))] + [JOINT.format(*each) for each in JOINTS]
Path("robot.urdf").write_text(f'<robot name="robot">{"".join(parts)}</robot>')
simulated = mujoco.MjModel.from_xml_path("robot.urdf")
orders = {
    "written in the file": [name for name, _, _ in JOINTS],
    "MuJoCo": [simulated.joint(each).name for each in range(simulated.njnt)],
    "Pinocchio": list(pinocchio.buildModelFromUrdf("robot.urdf").names)[1:],
}
for name, order in orders.items():
    print(f"{name}: {', '.join(order)}")
right, left = ["right_shoulder", "right_elbow"], ["left_shoulder", "left_elbow"]
if orders["MuJoCo"] != right + left or orders["Pinocchio"] != left + right:
    sys.exit("it has changed")
PY
