#!/usr/bin/env bash
# Pinocchio reads MuJoCo's scenes (buildModelFromMJCF), and says nothing about what it leaves out: of several bodies that stand in the world
# it takes the first with all that hangs on it, and of a body in a <frame> nothing. An arm and a ball with a joint of its own become the arm
# alone, and if the ball is written first the ball alone; an arm whose hand is put into a frame has no hand, and its mass goes with it.
# Frames stay in what MuJoCo saves of such a scene, so that saving it anew does not help; the hand is read where its place is written in
# its own body. So compare nq and the mass with MuJoCo's.
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
import pinocchio

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pin", "mujoco", "numpy")))
ARM = '<body name="arm"><joint name="shoulder" axis="0 1 0"/><geom size="0.1" mass="2" pos="0.3 0 0"/>{}</body>'
BALL = '<body name="ball" pos="1 0 1"><joint name="flight" type="free"/><geom size="0.1" mass="1"/></body>'
HAND = '<body name="hand"><joint name="wrist" axis="1 0 0"/><geom size="0.1" mass="1"/></body>'
SCENES = {
    "arm": ARM.format(""),
    "arm, then ball": ARM.format("") + BALL,
    "ball, then arm": BALL + ARM.format(""),
    "arm with a hand": ARM.format(HAND.replace('"hand"', '"hand" pos="0.6 0 0"')),
    "arm with a hand in a frame": ARM.format(f'<frame pos="0.6 0 0">{HAND}</frame>'),
}


def joints(path):
    """The names of the joints that MuJoCo and Pinocchio find, and the mass that each has of it."""
    simulated, read = mujoco.MjModel.from_xml_path(path), pinocchio.buildModelFromMJCF(path)
    of_simulated = [simulated.joint(each).name for each in range(simulated.njnt)]
    return (of_simulated, simulated.body_mass.sum()), (list(read.names)[1:], sum(each.mass for each in read.inertias))


found = {}
for name, bodies in SCENES.items():
    Path("scene.xml").write_text(f"<mujoco><worldbody>{bodies}</worldbody></mujoco>")
    (of_simulated, mass), (found[name], mass_read) = joints("scene.xml")
    print(f"{name}: MuJoCo has {of_simulated} and {mass:g} kg, Pinocchio {found[name]} and {mass_read:g} kg")
if found != {
    "arm": ["shoulder"],
    "arm, then ball": ["shoulder"],
    "ball, then arm": ["flight"],
    "arm with a hand": ["shoulder", "wrist"],
    "arm with a hand in a frame": ["shoulder"],
}:
    sys.exit("it has changed")
PY
