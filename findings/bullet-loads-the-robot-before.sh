#!/usr/bin/env bash
# To vary a robot's masses, lengths or friction from episode to episode, one writes its URDF anew and loads it after resetSimulation().
# PyBullet keeps what it has read by the file's name, and does not look whether the file is another one: every robot after the first
# is the first one, for loadURDF and loadMJCF, until the client disconnects. PyBullet's guide tells of a cache for files "such as .obj",
# which setPhysicsEngineParameter(enableFileCaching=0) switches off; that does help here. So randomised training has one robot without
# a word, and a model that is edited beside a running notebook does not change. A file of another name for each robot helps, too.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q pybullet==3.2.7 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import pybullet

print("Python", sys.version.split()[0], f"pybullet {version('pybullet')}")


def loaded(mass, kind):
    """The mass of a robot that was written and loaded a moment ago."""
    if kind == "urdf":
        inertia = f'<inertial><mass value="{mass}"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
        Path("robot.urdf").write_text(f'<robot name="robot"><link name="base">{inertia}</link></robot>')
        return pybullet.getDynamicsInfo(pybullet.loadURDF("robot.urdf"), -1)[0]
    inertia = f'<inertial pos="0 0 0" mass="{mass}" diaginertia="1 1 1"/><joint name="turn" type="hinge" axis="0 1 0"/>'
    Path("robot.xml").write_text(f'<mujoco><worldbody><body name="arm">{inertia}<geom type="sphere" size=".1"/></body></worldbody></mujoco>')
    body = pybullet.loadMJCF("robot.xml")[0]
    return sum(pybullet.getDynamicsInfo(body, link)[0] for link in range(pybullet.getNumJoints(body)))


seen = {}
for kind in ("urdf", "mjcf"):
    pybullet.connect(pybullet.DIRECT)
    masses = []
    for mass in (1, 2, 3):
        pybullet.resetSimulation()
        masses.append(loaded(mass, kind))
    pybullet.setPhysicsEngineParameter(enableFileCaching=0)
    masses.append(loaded(4, kind))
    pybullet.disconnect()
    pybullet.connect(pybullet.DIRECT)
    masses.append(loaded(5, kind))
    pybullet.disconnect()
    seen[kind] = masses
    print(f"{kind}: robots of 1, 2 and 3 kg, one after the other, weigh {masses[:3]}; of 4 kg without caching {masses[3]}; of 5 kg in a new client {masses[4]}")
if any(masses != [1, 1, 1, 4, 5] for masses in seen.values()):
    sys.exit("it has changed")
PY
