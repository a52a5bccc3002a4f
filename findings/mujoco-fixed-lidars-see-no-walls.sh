#!/usr/bin/env bash
# A rangefinder in MuJoCo passes over the shapes of the body that it is on, so that a robot does not measure itself. One that is fixed in
# the world, as a light barrier over a conveyor or the lidar of a test stand, is on the world body, and so are floor, walls and tables:
# it sees none of them, and reads -1, as for empty space, while it sees what moves. The other way round, one on the hull of a robot does
# measure the robot's own arms and wheels, as they are bodies of their own. Shapes that are wholly transparent are passed over, too, though they
# are solid; shapes that nothing can touch are seen. And -1 is nearer than anything: cutoff does not turn it into the greatest distance.
# Put a fixed one into a body of its own, and handle -1.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "numpy")))
BEAM = '<site name="beam" pos="0 0 0.5" zaxis="1 0 0"/>'
WALL = '<geom type="box" size="0.1 1 1" pos="2 0 0" {attributes}/>'
BOX = '<body pos="1 0 0.5"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>'
IN_A_BODY = f"<body>{BEAM}</body>"
ROBOT = f'<body><freejoint/><geom size="0.1" pos="0.2 0 0.5"/>{BEAM}<body><joint/><geom size="0.1" pos="0.4 0 0.5"/></body></body>'
SCENES = {
    "in the world, before a wall": (BEAM + WALL.format(attributes=""), "", -1),
    "in the world, before a box that can move": (BEAM + WALL.format(attributes="") + BOX, "", 0.9),
    "in a body of its own, before a wall": (IN_A_BODY + WALL.format(attributes=""), "", 1.9),
    "in a body of its own, before a wall of glass": (IN_A_BODY + WALL.format(attributes='rgba="1 1 1 0"'), "", -1),
    "in a body of its own, before a wall of air": (IN_A_BODY + WALL.format(attributes='contype="0" conaffinity="0"'), "", 1.9),
    "in a body of its own, before nothing": (IN_A_BODY, "", -1),
    "in a body of its own, before nothing, with cutoff 5": (IN_A_BODY, 'cutoff="5"', -1),
    "on a robot's hull, behind its arm": (ROBOT, "", 0.3),
}
changed = []
for name, (scene, attributes, expected) in SCENES.items():
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <worldbody>{scene}</worldbody>
          <sensor><rangefinder site="beam" {attributes}/></sensor>
        </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    print(f"{name}: {data.sensordata[0]:.2f}")
    if abs(data.sensordata[0] - expected) > 1e-6:
        changed.append(name)
if changed:
    sys.exit(f"it has changed: {changed}")
PY
