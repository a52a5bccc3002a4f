#!/usr/bin/env bash
# In most descriptions of grippers one finger's joint says <mimic joint="..."/>: it has no motor and goes where the other one goes.
# Three packages that tell where a robot's links are take such files without a word, and leave that joint at 0 until somebody sets it:
# ikpy and kinpy list it among the joints that can be moved, and pytransform3d moves it by set_joint() alone. So a gripper that is
# opened by its one motor is half open, and inverse kinematics moves a finger that has no motor. yourdfpy puts it where it is.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q ikpy==4.2.1 kinpy==0.6.1 pytransform3d==3.17.0 yourdfpy==0.0.60 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")
import kinpy
from ikpy.chain import Chain
from pytransform3d.urdf import UrdfTransformManager
from yourdfpy import URDF

names = ("ikpy", "kinpy", "pytransform3d", "yourdfpy")
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in names))
gripper = """<robot name="gripper">
<link name="palm"/><link name="left"/><link name="right"/>
<joint name="open" type="prismatic"><parent link="palm"/><child link="left"/><axis xyz="0 1 0"/>
<limit lower="0" upper="0.04" effort="20" velocity="0.2"/></joint>
<joint name="follow" type="prismatic"><parent link="palm"/><child link="right"/><axis xyz="0 -1 0"/>
<limit lower="0" upper="0.04" effort="20" velocity="0.2"/><mimic joint="open"/></joint>
</robot>"""
Path("gripper.urdf").write_text(gripper)
OPEN = 0.03

robot = URDF.load("gripper.urdf")
robot.update_cfg({"open": OPEN})
seen = {"yourdfpy": robot.get_transform("right", "palm")[1, 3]}

manager = UrdfTransformManager()
manager.load_urdf(gripper)
manager.set_joint("open", OPEN)
seen["pytransform3d"] = manager.get_transform("right", "palm")[1, 3]

chain = kinpy.build_chain_from_urdf(gripper)
seen["kinpy"] = chain.forward_kinematics({"open": OPEN})["right"].pos[1]

right = Chain.from_urdf_file("gripper.urdf", base_elements=["palm", "follow"])
seen["ikpy"] = right.forward_kinematics([0.0] * len(right.links))[1, 3]
reached = right.inverse_kinematics([0.0, -OPEN, 0.0])[-1]

for name, place in seen.items():
    print(f"{name}: the gripper is opened by {OPEN} m, and its right finger is at y = {place:.3f}")
print(f"ikpy moves the finger without a motor to {reached:.3f} to get there; kinpy's joints: {chain.get_joint_parameter_names()}")
wrong = [name for name, place in seen.items() if abs(place + OPEN) > 1e-6]
if wrong != ["pytransform3d", "kinpy", "ikpy"] or abs(reached - OPEN) > 1e-3:
    sys.exit("it has changed")
PY
