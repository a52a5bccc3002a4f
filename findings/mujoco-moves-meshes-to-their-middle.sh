#!/usr/bin/env bash
# The place of a mesh in a MuJoCo simulation (geom_xpos, geom_xmat) is not where its file's origin is. When a model is compiled, each mesh
# is moved so that its origin is its centre of mass, and turned to its principal axes; model.geom_pos is no longer the pos of the XML,
# and model.mesh_vert no longer the vertices of the file. Whoever draws the file's mesh at geom_xpos in another program, samples points
# of it for a point cloud, or writes a place into geom_pos, is off, here by half a metre and half a turn. Boxes and spheres, with which
# one tries first, stay. mesh_pos and mesh_quat undo it.
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
CORNERS = np.array([[x, y, z] for x in (0, 1.0) for y in (0, 0.2) for z in (0, 0.1)])  # a plank with its origin at a corner
model = mujoco.MjModel.from_xml_string(f"""
    <mujoco>
      <asset><mesh name="plank" vertex="{' '.join(map(str, CORNERS.ravel()))}"/></asset>
      <worldbody>
        <geom name="plank" type="mesh" mesh="plank" pos="3 0 1"/>
        <geom name="box" type="box" size="0.5 0.1 0.05" pos="3 0 1"/>
      </worldbody>
    </mujoco>""")
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)


def matrix(quaternion):
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quaternion)
    return flat.reshape(3, 3)


written = CORNERS + [3, 0, 1]
plank = data.geom("plank")
turn = plank.xmat.reshape(3, 3)
naive = CORNERS @ turn.T + plank.xpos
back = turn @ matrix(model.mesh_quat[0]).T
undone = (CORNERS - model.mesh_pos[0]) @ back.T + plank.xpos
angle = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
print(f"pos in the file 3 0 1: the box is at {data.geom('box').xpos}, the plank at {plank.xpos.round(3)}, turned by {angle:.0f} degrees")
print(f"vertices of the file reach from {CORNERS.min(0)} to {CORNERS.max(0)}, model.mesh_vert from {model.mesh_vert.min(0).round(3)} to {model.mesh_vert.max(0).round(3)}")
off, mended = (np.linalg.norm(points - written, axis=1).max() for points in (naive, undone))
print(f"the file's corners at geom_xpos, geom_xmat are up to {off:.2f} m from their places, with mesh_pos and mesh_quat undone {mended:.0e} m")
if not (np.allclose(data.geom("box").xpos, [3, 0, 1]) and np.allclose(plank.xpos, [3.5, 0.1, 1.05]) and off > 0.5 and mended < 1e-6):
    sys.exit("it has changed")
PY
