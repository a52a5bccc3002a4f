#!/usr/bin/env bash
# MuJoCo's scenes can be read, edited in Python and compiled anew (MjSpec), which is how poses are randomised and robots mounted. A
# rotation has two homes there, and the one that is not looked at loses in silence. A body whose file says euler, axisangle or xyaxes has
# a quat of no rotation when it is read, and body.quat = ... changes nothing: the file's rotation stays. The same line turns a body whose
# file says quat. The other way round, body.alt.euler = ... alone turns nothing; it needs body.alt.type, too. So set both, quat and
# alt.type = mjORIENTATION_QUAT. A mass is alike: body.mass = 5 is ignored unless the file has an <inertial> (body.explicitinertial).
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
QUARTER = np.array([np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4)])  # about z, what all files say
HALF = np.array([0.0, 0, 0, 1])  # about z, what is asked for
FILES = {"quat": "1 0 0 1", "euler": "0 0 90", "axisangle": "0 0 1 90", "xyaxes": "0 1 0 -1 0 0"}
Q = mujoco.mjtOrientation


def read(attribute, value):
    spec = mujoco.MjSpec.from_string(f'<mujoco><worldbody><body name="arm" {attribute}="{value}"><geom size="0.1"/></body></worldbody></mujoco>')
    return spec, spec.body("arm")


def turned(spec):
    """Return by how many degrees the compiled body is turned about z."""
    _, _, _, z = spec.compile().body("arm").quat
    return round(float(np.degrees(2 * np.arcsin(z))))


def edit(attribute, value, **changes):
    spec, body = read(attribute, value)
    for name, change in changes.items():
        setattr(body.alt if name in ("euler", "type") else body, name, change)
    return turned(spec)


wrong = []
for attribute, value in FILES.items():
    spec, body = read(attribute, value)
    shown = round(float(np.degrees(2 * np.arcsin(body.quat[3] / np.linalg.norm(body.quat)))))
    rows = {
        "as read": turned(spec), "quat = 180 degrees": edit(attribute, value, quat=HALF),
        "quat and alt.type": edit(attribute, value, quat=HALF, type=Q.mjORIENTATION_QUAT),
        "alt.euler = 180": edit(attribute, value, euler=[0, 0, 180]),
        "alt.euler and alt.type": edit(attribute, value, euler=[0, 0, 180], type=Q.mjORIENTATION_EULER),
    }
    print(f"a body with {attribute} in its file: body.quat reads {shown} degrees; compiled", ", ".join(f"{name}: {angle}" for name, angle in rows.items()))
    plain = attribute == "quat"
    expected = [90, 180 if plain else 90, 180, 180 if attribute == "euler" else 90, 180]
    if list(rows.values()) != expected or shown != (90 if plain else 0):
        wrong.append(attribute)
masses = []
for inertial in ("", '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'):
    spec = mujoco.MjSpec.from_string(f'<mujoco><worldbody><body name="arm">{inertial}<geom size="0.1" mass="1"/></body></worldbody></mujoco>')
    spec.body("arm").mass = 5
    masses.append(float(spec.compile().body("arm").mass[0]))
print("a body of 1 kg after body.mass = 5: {:g} kg, and {:g} kg if its file has an <inertial>".format(*masses))
if wrong or masses != [1, 5]:
    sys.exit(f"it has changed: {wrong}, {masses}")
PY
