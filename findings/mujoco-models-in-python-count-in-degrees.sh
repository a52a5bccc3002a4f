#!/usr/bin/env bash
# A robot that is built in Python (mujoco.MjSpec) has its angles read in degrees, as if they stood in a file: range=[-np.pi / 2, np.pi / 2]
# is a joint that moves 1.57 degrees each way, and euler=[0, 0, np.pi / 2] a turn by 1.57 degrees. The arm looks right at rest, as all
# angles are zero there, and nothing warns. The ctrlrange of its servo is in radians all the same. A spec read from a file has that
# file's unit, so that the same line of Python means degrees for one robot and radians for the next. So set spec.compiler.degree = False
# first.
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
QUARTER = np.pi / 2


def arm(spec):
    """Return, in degrees, how far the joint reaches and how far the base is turned, and in radians how far the servo can be sent."""
    base = spec.worldbody.add_body(name="base", euler=[0, 0, QUARTER])
    base.add_joint(name="elbow", range=[-QUARTER, QUARTER])
    base.add_geom(size=[0.1, 0, 0])
    servo = spec.add_actuator(name="servo", target="elbow", trntype=mujoco.mjtTrn.mjTRN_JOINT, ctrlrange=[-QUARTER, QUARTER])
    servo.set_to_position(kp=10)
    model = spec.compile()
    turned = 2 * np.degrees(np.arccos(model.body("base").quat[0]))
    return float(np.degrees(model.joint("elbow").range[1])), float(turned), float(model.actuator("servo").ctrlrange[1])


radians = mujoco.MjSpec()
radians.compiler.degree = False
specs = {
    "MjSpec()": mujoco.MjSpec(),
    "a spec of a file without a unit": mujoco.MjSpec.from_string("<mujoco/>"),
    "a spec of a file in radians": mujoco.MjSpec.from_string('<mujoco><compiler angle="radian"/></mujoco>'),
    "MjSpec() with compiler.degree = False": radians,
}
found = {}
for name, spec in specs.items():
    found[name] = arm(spec)
    print("{}: the joint reaches {:.2f} degrees, the base is turned by {:.2f} degrees, the servo takes {:.2f} rad".format(name, *found[name]))
small, large = (QUARTER, QUARTER, QUARTER), (90, 90, QUARTER)
if not all(np.allclose(got, want, atol=1e-6) for got, want in zip(found.values(), (small, small, large, large))):
    sys.exit(f"it has changed: {found}")
PY
