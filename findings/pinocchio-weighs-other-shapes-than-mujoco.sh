#!/usr/bin/env bash
# What Pinocchio (buildModelFromMJCF) makes of MuJoCo's shapes has other masses where a body has no <inertial>. A shape for looks alone
# (contype="0" conaffinity="0") weighs in MuJoCo as any other, and nothing in Pinocchio; so a shape that is given no contacts for another
# reason, such as the links of an arm that must not touch itself, weighs nothing there. The other way round, a shape that touches others
# and has mass="0" from its class weighs nothing in MuJoCo, and in Pinocchio as its volume says; mass="0" on the shape itself and
# density="0" are understood by both. Saving the model from MuJoCo (mj_saveLastXML) mends the second and not the first, so give every body
# an <inertial>, or compare the masses.
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
SHAPES = {
    "looks alone": 'contype="0" conaffinity="0"',
    "mass 0 by its class": 'class="weightless"',
    "density 0 by its class": 'class="thin"',
    "mass 0": 'mass="0"',
}
WEIGHTS = {"looks alone": (9, 1), "mass 0 by its class": (1, 9), "density 0 by its class": (1, 1), "mass 0": (1, 1)}


def weigh(path):
    """The mass that MuJoCo and Pinocchio find in a file."""
    simulated, read = mujoco.MjModel.from_xml_path(path), pinocchio.buildModelFromMJCF(path)
    return simulated.body_mass.sum(), sum(each.mass for each in read.inertias)


found, kept = {}, {}
for name, attributes in SHAPES.items():
    Path("scene.xml").write_text(f"""
        <mujoco>
          <default>
            <default class="weightless"><geom mass="0"/></default>
            <default class="thin"><geom density="0"/></default>
          </default>
          <worldbody>
            <body name="arm">
              <joint name="shoulder" axis="0 1 0"/>
              <geom size="0.1" mass="1"/>
              <geom type="box" size="0.1 0.1 0.1" {attributes}/>
            </body>
          </worldbody>
        </mujoco>""")
    found[name] = weigh("scene.xml")
    mujoco.mj_saveLastXML("saved.xml", mujoco.MjModel.from_xml_path("scene.xml"))
    saved = weigh("saved.xml")
    print(f"a kilogram and a box of {name}: {found[name][0]:g} kg in MuJoCo, {found[name][1]:g} kg in Pinocchio; as saved, {saved[1]:g} kg")
    kept[name] = round(saved[1])
if not all(np.allclose(found[name], WEIGHTS[name]) for name in SHAPES) or list(kept.values()) != [1, 1, 1, 1]:
    sys.exit("it has changed")
PY
