#!/usr/bin/env bash
# Pictures of Meta-World's cameras corner, corner2, corner3 and corner4 are upside down, and the usual cure, image[::-1], is the wrong
# one. It is not OpenGL's order of rows, which Gymnasium's renderer has turned already: the cameras themselves hang upside down (their
# up-axis points at the floor), so a picture needs half a turn, image[::-1, ::-1]. Rows alone give a mirror image that looks right: the
# arm stands, but left is right, as no camera could see it. Agents that were trained on it, or models that were trained on pictures of
# real rooms, have seen a mirrored robot. topview and the cameras of the hand are upright.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q metaworld==3.1.1 mujoco==3.3.0 gymnasium==1.4.0 numpy==2.4.6 packaging==26.4

MUJOCO_GL=disable "$place/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS

print(", ".join(f"{name} {version(name)}" for name in ("metaworld", "mujoco", "gymnasium", "numpy")))
env = ALL_V3_ENVIRONMENTS["reach-v3"]()
env._set_task_called, env._freeze_rand_vec = True, False
env.reset(seed=0)


def pixel(camera, point):
    """Return the row and the column, from the top left, where a camera of one radian's width sees a point."""
    along = env.data.cam(camera).xmat.reshape(3, 3).T @ (point - env.data.cam(camera).xpos)
    return np.array([-along[1], along[0]]) / -along[2]


table = np.array([0.0, 0.6, 0.0])
for name in ("corner", "corner2", "corner3", "corner4", "topview"):
    up = env.data.cam(name).xmat.reshape(3, 3)[2, 1]
    print(f"{name}: its up-axis has a vertical part of {up:+.2f}", end="; ")
    if (up < -0.1) != name.startswith("corner"):
        raise SystemExit("it has changed: the four of the corners hung upside down")
    if name == "topview":
        print("it looks straight down")
        continue
    higher = pixel(name, table + [0, 0, 0.1]) - pixel(name, table)
    aside = np.cross(table - env.data.cam(name).xpos, [0, 0, 1])  # to the right of who stands there upright
    right = pixel(name, table + 0.1 * aside / np.linalg.norm(aside)) - pixel(name, table)
    print(f"what is higher lies {'lower' if higher[0] > 0 else 'higher'}, what is on the right lies on the {'left' if right[1] < 0 else 'right'}")
    if higher[0] < 0 or right[1] > 0:
        raise SystemExit("it has changed: rows and columns were both the wrong way round")
PY
