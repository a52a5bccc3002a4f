#!/usr/bin/env bash
# A watertight mesh of known volume and density has a known mass, and MuJoCo gives it another one if the mesh is bent: a fork of 1.75 litres
# and 1000 kg/m^3 weighs 2.15 kg, 23 % more, and its centre of mass is 3 mm off. By default the volume is summed over pyramids from the
# middle to each face, all of them counted as positive. A mesh with inertia="exact" weighs what it should; inertia="convex" is that of the
# hull, heavier still. A mesh without dents is right in every way, so that a test with a box shows nothing.
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

print("Python", sys.version.split()[0], "mujoco", version("mujoco"))
FORK = 0.05 * np.array([[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]])  # seven squares of 5 cm
FORK_TRIANGLES = [[0, 1, 4], [0, 4, 5], [1, 2, 3], [1, 3, 4], [0, 5, 6], [0, 6, 7]]
SQUARE = 0.15 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
SQUARE_TRIANGLES = [[0, 1, 2], [0, 2, 3]]
HEIGHT = 0.1


def weigh(outline, triangles, how):
    """The mass of an outline made 10 cm high, and its centre along the prongs."""
    count = len(outline)
    vertices = np.vstack([np.c_[outline, np.zeros(count)], np.c_[outline, np.full(count, HEIGHT)]])
    faces = [[a, c, b] for a, b, c in triangles] + [[a + count, b + count, c + count] for a, b, c in triangles]
    for a in range(count):
        b = (a + 1) % count
        faces += [[a, b, b + count], [a, b + count, a + count]]
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <asset>
            <mesh name="mesh" {how} vertex="{" ".join(map(str, vertices.ravel()))}" face="{" ".join(map(str, np.ravel(faces)))}"/>
          </asset>
          <worldbody><body name="body"><geom type="mesh" mesh="mesh" density="1000"/></body></worldbody>
        </mujoco>""")
    return float(model.body("body").mass[0]), float(model.body("body").ipos[1])


found = {}
for how in ("", 'inertia="exact"', 'inertia="convex"'):
    fork, box = weigh(FORK, FORK_TRIANGLES, how), weigh(SQUARE, SQUARE_TRIANGLES, how)
    found[how] = round(fork[0], 2), round(box[0], 2)
    print(f"{how or 'default'}: the fork weighs {fork[0]:.3f} kg, its centre at {100 * fork[1]:.2f} cm; the box weighs {box[0]:.3f} kg")
true, squares = 7 * 0.05**2 * HEIGHT * 1000, np.array([2.5, 2.5, 7.5, 7.5, 12.5, 12.5, 2.5])
print(f"by hand: the fork {true:.3f} kg, its centre at {squares.mean():.2f} cm; the box {0.15**2 * HEIGHT * 1000:.3f} kg")
if found != {"": (2.15, 2.25), 'inertia="exact"': (1.75, 2.25), 'inertia="convex"': (2.25, 2.25)}:
    sys.exit("it has changed")
PY
