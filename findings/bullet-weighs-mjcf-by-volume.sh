#!/usr/bin/env bash
# PyBullet reads MuJoCo's model files with loadMJCF(), and its own Ant, Hopper and Walker come from such files. A geom's mass="2" and
# density="500" are passed over without a word: whatever they say, a part weighs its volume times 1000 kg/m^3, with the inertia that
# goes with it; only an <inertial> element is taken over. Joints lose their damping. Angles are degrees in MJCF unless <compiler> says
# otherwise; PyBullet takes them for radians unless it says degree, so that limits of -30 and 60 are never reached. A body that is turned
# by euler stands as if it were not (quat is heeded). So it is another robot, here 24 times as heavy and without limits, and the same actions,
# gains and rewards mean something else.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q pybullet==3.2.7 mujoco==3.17.0 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import mujoco
import numpy as np
import pybullet

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("pybullet", "mujoco", "numpy")))
BOX = '<geom type="box" size=".1 .2 .3" {}/>'  # 0.048 m^3
JOINT = '<joint name="turn" type="hinge" axis="0 1 0" damping="0.5" limited="true" range="-30 60"/>'
PARTS = {
    "mass": BOX.format('mass="2"'),
    "density": BOX.format('density="500"'),
    "neither": BOX.format(""),
    "inertial": '<inertial pos="0 0 0" mass="3" diaginertia=".1 .2 .3"/>' + BOX.format(""),
}
pybullet.connect(pybullet.DIRECT)


def read(name, part, turned="", compiler=""):
    """The mass and turn of a body that hangs on a joint, and the joint's damping and limits: in MuJoCo, and in PyBullet."""
    file = Path(f"{name}.xml")  # one for each: PyBullet keeps what it has read under a name
    file.write_text(f'<mujoco>{compiler}<worldbody><body name="arm" pos="0 0 1" {turned}>{JOINT}{part}</body></worldbody></mujoco>')
    model = mujoco.MjModel.from_xml_path(str(file))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    body = pybullet.loadMJCF(str(file))[0]
    links = range(pybullet.getNumJoints(body))
    joint = next(info for info in map(lambda index: pybullet.getJointInfo(body, index), links) if info[1] == b"turn")
    mass = sum(pybullet.getDynamicsInfo(body, link)[0] for link in links)
    turn = np.roll(pybullet.getLinkState(body, len(links) - 1, computeForwardKinematics=True)[5], 1)
    theirs = model.body_mass[1], data.xquat[1].round(3).tolist(), model.dof_damping[0], np.degrees(model.jnt_range[0]).round(3).tolist()
    return theirs, (round(mass, 3), turn.round(3).tolist(), joint[6], np.degrees(joint[8:10]).round(3).tolist())


masses, others = {}, set()
for name, part in PARTS.items():
    theirs, ours = read(name, part)
    masses[name] = (round(float(theirs[0]), 3), ours[0])
    others.add((theirs[2], ours[2], *theirs[3], *ours[3]))
    print(f"{name}: MuJoCo says {masses[name][0]} kg, damping {theirs[2]}, limits {theirs[3]} degrees;")
    print(f"    PyBullet {ours[0]} kg, damping {ours[2]}, limits {ours[3]} degrees")
theirs, said = read("said", PARTS["mass"], compiler='<compiler angle="degree"/>')
print("with angle=degree written out, PyBullet's limits are", said[3])
turns = {}
for how in ('euler="0 90 0"', 'quat="1 0 1 0"'):
    theirs, ours = read(how[:5], PARTS["mass"], how, '<compiler angle="degree"/>')
    turns[how] = theirs[1], ours[1]
    print(f"a body with {how}: quaternion {theirs[1]} in MuJoCo, {ours[1]} in PyBullet")
expected = {"mass": (2, 48), "density": (24, 48), "neither": (48, 48), "inertial": (3, 3)}
limits = {(0.5, 0.0, -30.0, 60.0, -1718.873, 3437.747)}
if masses != expected or others != limits or said[3] != [-30, 60] or [pair[1] for pair in turns.values()] != [[1, 0, 0, 0], [0.707, 0, 0.707, 0]]:
    sys.exit("it has changed")
PY
