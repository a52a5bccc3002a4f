#!/usr/bin/env bash
# The base of a robot in MuJoCo's files is often a body without a joint, placed and turned in the world: on a table, at a wall, under a
# ceiling. Pinocchio (buildModelFromMJCF) keeps the masses and the joints, and forgets where that first body is: an arm on a table of 1 m
# reaches points 1 m too low, and for one that hangs from the ceiling gravity pulls the wrong way, with torques of the right size and the
# wrong sign. Only the first body is concerned; inside another, also one of no mass at the origin, the mount is kept.
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
ARM = """
    <body name="base" {}>
      <inertial pos="0 0 0" mass="1" diaginertia="0.01 0.01 0.01"/>
      <body name="arm">
        <joint name="shoulder" axis="0 1 0"/>
        <geom type="capsule" size="0.05" fromto="0 0 0 0.5 0 0"/>
        <body name="hand" pos="0.5 0 0"><joint name="wrist" axis="0 1 0"/><geom size="0.05"/></body>
      </body>
    </body>"""
MOUNTS = {"at the origin": "", "on a table": 'pos="0 0 1"', "under a ceiling": 'pos="0 0 2" euler="180 0 0"'}


def compare(bodies):
    """The height of the hand and the torque that gravity needs at the shoulder, in MuJoCo and in Pinocchio."""
    Path("scene.xml").write_text(f"<mujoco><worldbody>{bodies}</worldbody></mujoco>")
    simulated, read = mujoco.MjModel.from_xml_path("scene.xml"), pinocchio.buildModelFromMJCF("scene.xml")
    state, computed = mujoco.MjData(simulated), read.createData()
    angles = np.array([0.3, -0.2])
    state.qpos[:] = angles
    mujoco.mj_forward(simulated, state)
    torque = pinocchio.computeGeneralizedGravity(read, computed, angles)[0]
    pinocchio.framesForwardKinematics(read, computed, angles)
    height = computed.oMf[read.getFrameId("hand")].translation[2]
    return np.array([state.body("hand").xpos[2], state.qfrc_bias[0]]), np.array([height, torque])


seen = []
for name, mount in MOUNTS.items():
    for around in ("{}", '<body name="room">{}</body>'):
        simulated, read = compare(around.format(ARM.format(mount)))
        seen.append(np.allclose(simulated, read))
        inside = " inside another body" if "room" in around else ""
        print(f"{name}{inside}: height and torque {simulated.round(3)} in MuJoCo, {read.round(3)} in Pinocchio")
if seen != [True, True, False, True, False, True]:
    sys.exit("it has changed")
PY
