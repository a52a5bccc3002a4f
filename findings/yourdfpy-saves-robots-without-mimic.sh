#!/usr/bin/env bash
# A gripper's second finger follows the first: in URDF its joint has a <mimic> tag. yourdfpy reads it, moves both fingers together, and
# counts one actuated joint. What it writes after that, with write_xml_file() or write_xml_string(), has no such tag: read again, the
# gripper has two joints that move on their own, and a configuration of one number is refused or moves one finger. Soft limits of
# <safety_controller> and <calibration> are dropped as well, though the loaded robot holds all three. Nothing is said, and validate()
# finds no error. So a robot that was loaded, given another mesh or limit and saved, is another robot.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q yourdfpy==0.0.60 trimesh==5.2.0 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from yourdfpy import URDF

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("yourdfpy", "trimesh", "numpy")))
Path("gripper.urdf").write_text("""<robot name="gripper">
<link name="palm"/><link name="left"/><link name="right"/>
<joint name="open" type="prismatic"><parent link="palm"/><child link="left"/><axis xyz="0 1 0"/>
<limit lower="0" upper="0.04" effort="20" velocity="0.2"/>
<safety_controller k_velocity="10" soft_lower_limit="0.001" soft_upper_limit="0.039"/></joint>
<joint name="follow" type="prismatic"><parent link="palm"/><child link="right"/><axis xyz="0 -1 0"/>
<limit lower="0" upper="0.04" effort="20" velocity="0.2"/><mimic joint="open"/></joint>
</robot>""")


def told(robot):
    """Actuated joints, where the right finger is when the gripper opens by 3 cm, and whether soft limits are there."""
    robot.update_cfg({"open": 0.03})
    right = float(robot.get_transform("right", "palm")[1, 3])
    return robot.actuated_joint_names, round(right, 4), robot.joint_map["open"].safety_controller is not None


before = URDF.load("gripper.urdf")
seen = told(before)
before.write_xml_file("saved.urdf")
saved = URDF.load("saved.urdf")
after = told(saved)
for name, (joints, right, soft) in {"as loaded": seen, "saved and loaded": after}.items():
    print(f"{name}: actuated {joints}; opened by 0.03 m the right finger is at y = {right}; soft limits: {soft}")
print("the saved one is valid, as yourdfpy says:", saved.validate())
if seen != (["open"], -0.03, True) or after != (["open", "follow"], 0.0, False) or "mimic" in Path("saved.urdf").read_text():
    sys.exit("it has changed")
PY
