#!/usr/bin/env bash
# In MuJoCo's files angles are degrees unless the file says otherwise, and the range of a slide is in metres either way. Pinocchio
# (buildModelFromMJCF) turns the range of a slide from degrees to radians, too: a finger of a gripper that opens by 0.04 m has limits of 0
# and 0.0007 m, a rail of 2 m one of 35 mm, and nothing warns, so inverse kinematics and planning find the hand shut. The ranges are right
# in a file with <compiler angle="radian"/>, and in what MuJoCo saves of any file (mj_saveLastXML), as that is always in radians.
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
BODY = """
    <body name="arm">
      <joint name="elbow" axis="0 1 0" range="{}"/>
      <geom size="0.1"/>
      <body name="finger"><joint name="finger" type="slide" axis="1 0 0" range="0 0.04"/><geom size="0.02"/></body>
    </body>"""
FILES = {
    "degrees": f'<mujoco><worldbody>{BODY.format("-90 90")}</worldbody></mujoco>',
    "radians": f'<mujoco><compiler angle="radian"/><worldbody>{BODY.format("-1.570796 1.570796")}</worldbody></mujoco>',
}


def limits(path):
    """The upper limits of the elbow and of the finger in MuJoCo and in Pinocchio."""
    read = pinocchio.buildModelFromMJCF(path)
    return mujoco.MjModel.from_xml_path(path).jnt_range[:, 1], read.upperPositionLimit


found = {}
for name, scene in FILES.items():
    Path(f"{name}.xml").write_text(scene)
    simulated, found[name] = limits(f"{name}.xml")
    print(f"{name}: elbow and finger end at {simulated.round(6)} in MuJoCo, at {found[name].round(6)} in Pinocchio")
mujoco.mj_saveLastXML("saved.xml", mujoco.MjModel.from_xml_path("degrees.xml"))
_, found["saved"] = limits("saved.xml")
print("the one in degrees as MuJoCo saves it:", found["saved"].round(6))
right = [np.pi / 2, 0.04]
if not (
    np.allclose(found["degrees"], [np.pi / 2, np.deg2rad(0.04)])
    and np.allclose(found["radians"], right, atol=1e-6)
    and np.allclose(found["saved"], right, atol=1e-5)
):
    sys.exit("it has changed")
PY
