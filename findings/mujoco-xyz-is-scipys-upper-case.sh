#!/usr/bin/env bash
# "xyz" says opposite things to MuJoCo and to SciPy. eulerseq="xyz", MuJoCo's default, turns about the axes that turn along; SciPy's
# Rotation.from_euler("xyz") turns about fixed ones, and "XYZ" is MuJoCo's "xyz". The rpy of a URDF is fixed: three angles that are copied
# from a URDF into euler="..." of a MuJoCo file (in radians) give another rotation, here 45 degrees off, unless two of them are zero, so
# that a first check with one angle passes. MuJoCo itself reads the URDF as meant. dm_control's transformations use upper case, and mean
# the turning axes. So write eulerseq="XYZ" for angles from URDF, ROS or SciPy's "xyz".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 dm-control==1.0.50 scipy==1.17.1 numpy==2.4.6
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
from dm_control.utils import transformations
from scipy.spatial.transform import Rotation

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "scipy", "dm-control", "numpy")))
LINK = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'


def text(angles):
    return " ".join(map(str, angles))


def mjcf(angles, order):
    return mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <compiler angle="radian" eulerseq="{order}"/>
          <worldbody><body euler="{text(angles)}"><geom size="1"/></body></worldbody>
        </mujoco>""").body_quat[1]


def urdf(angles):
    return mujoco.MjModel.from_xml_string(f"""
        <robot name="robot">
          <link name="base">{LINK}</link>
          <link name="arm">{LINK}</link>
          <joint name="hinge" type="continuous">
            <parent link="base"/><child link="arm"/><origin xyz="0 0 0" rpy="{text(angles)}"/>
          </joint>
        </robot>""").body("arm").quat


def apart(one, other):
    return float(np.degrees(2 * np.arccos(min(1.0, abs(one @ other)))))


found = []
for angles in ([0, 0, 0.9], [0.5, 0.7, 0.9]):
    lower, upper = (Rotation.from_euler(order, angles).as_quat(scalar_first=True) for order in ("xyz", "XYZ"))
    here = mjcf(angles, "xyz")
    row = {
        "SciPy's xyz": apart(here, lower), "SciPy's XYZ": apart(here, upper), "URDF's rpy": apart(here, urdf(angles)),
        "dm_control's XYZ": apart(here, transformations.euler_to_quat(np.array(angles), ordering="XYZ")),
    }
    mended = apart(mjcf(angles, "XYZ"), urdf(angles))
    found.append([*row.values(), mended])
    print(f"angles {angles}: from MuJoCo's eulerseq xyz it is", ", ".join(f"{angle:.1f} degrees to {name}" for name, angle in row.items()),
          f"- and from its eulerseq XYZ {mended:.1f} to URDF's rpy")
one, three = np.array(found)
if one.max() > 0.01 or not (three[0] > 30 and three[2] > 30 and three[[1, 3, 4]].max() < 0.01):
    sys.exit(f"it has changed: {found}")
PY
