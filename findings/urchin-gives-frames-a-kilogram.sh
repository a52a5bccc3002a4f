#!/usr/bin/env bash
# A link without <inertial> in a URDF weighs nothing: base_footprint, a camera's optical frame, a tool's tip. urchin (the urdfpy that still
# works with today's NumPy) makes it 1 kg with a moment of inertia of 1 kg m^2 about each axis. URDF.save() writes that down, so that
# loading a robot to change one name gives it a kilogram for each frame: this arm of 2 kg weighs 5 kg in MuJoCo, and its elbow turns
# a moment of inertia 240 times as large. It looks the same, and nothing is said. Set link.inertial.mass and .inertia yourself, or take
# the frames' <inertial> out of what was saved. yourdfpy writes none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q urchin==0.0.30 yourdfpy==0.0.60 mujoco==3.9.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import mujoco
import numpy as np
import urchin
import yourdfpy

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("urchin", "yourdfpy", "mujoco", "numpy")))
ROD = '<inertial><origin xyz="0 0 0.1"/><mass value="1"/><inertia ixx="0.004" iyy="0.004" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial>'


def joint(name, kind, parent, child):
    inner = f'<parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 0.2"/>'
    moving = '<axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="1" velocity="1"/>' if kind == "revolute" else ""
    return f'<joint name="{name}" type="{kind}">{inner}{moving}</joint>'


frames = ("world", "base_footprint", "flange", "optical", "tip")
links = "".join(f'<link name="{name}"/>' for name in frames) + "".join(f'<link name="{name}">{ROD}</link>' for name in ("upper", "fore"))
joints = [
    ("stand", "fixed", "world", "base_footprint"),
    ("shoulder", "revolute", "base_footprint", "upper"),
    ("elbow", "revolute", "upper", "fore"),
    ("mount", "fixed", "fore", "flange"),
    ("camera", "fixed", "flange", "optical"),
    ("tool", "fixed", "flange", "tip"),
]
Path("arm.urdf").write_text(f'<robot name="arm">{links}{"".join(joint(*one) for one in joints)}</robot>')
urchin.URDF.load("arm.urdf").save("urchin.urdf")
yourdfpy.URDF.load("arm.urdf").write_xml_file("yourdfpy.urdf")


def weighed(path):
    """What moves weighs so much, and the last joint turns so large a moment of inertia, by MuJoCo."""
    model = mujoco.MjModel.from_xml_path(path)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    inertia = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, inertia, data.qM)
    return float(model.body_mass[1:].sum()), float(inertia[-1, -1])


results = {name: weighed(name) for name in ("arm.urdf", "urchin.urdf", "yourdfpy.urdf")}
for name, (mass, inertia) in results.items():
    print(f"{name}: {mass:.2f} kg, {inertia:.3f} kg m^2 at the elbow, {Path(name).read_text().count('<inertial')} links with <inertial>")
plain, added = results["arm.urdf"], results["urchin.urdf"]
same = results["yourdfpy.urdf"] == plain and np.allclose(plain, (2, 0.014), atol=1e-3)
if not (same and np.isclose(added[0], 5, atol=1e-3) and added[1] > 200 * plain[1]):
    sys.exit("it has changed")
PY
