#!/usr/bin/env bash
# Gymnasium's MuJoCo tasks cannot be made with gymnasium and mujoco alone, even when nothing is ever drawn: gymnasium.make fails with a bare
# ModuleNotFoundError for imageio, which is imported at the top of the renderer for one thing only, saving frames from the viewer's window,
# and then for packaging, with which it looks at MuJoCo's version. Neither is a requirement of gymnasium itself, and neither message names
# the extra that brings both, gymnasium[mujoco]. With both the same tasks are made, reset and stepped.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q gymnasium==1.4.0 mujoco==3.17.0 numpy==2.4.6

look() {
    MUJOCO_GL=disable "$place/venv/bin/python" - "$1" <<'PY'
import sys
from importlib.metadata import PackageNotFoundError, version

import gymnasium


def named(package):
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


print("Python", sys.version.split()[0], ", ".join(map(named, ("gymnasium", "mujoco", "numpy", "imageio", "packaging"))))
for name in ("HalfCheetah-v5", "InvertedPendulum-v5", "Reacher-v5"):
    try:
        environment = gymnasium.make(name)  # no render_mode: nothing is drawn
        environment.reset(seed=0)
        environment.step(environment.action_space.low * 0)
        found = "made, reset and stepped"
    except ModuleNotFoundError as error:
        found = f"no {error.name}"
    print(f"{name}: {found}")
    if found != sys.argv[1]:
        sys.exit(f"it has changed: {sys.argv[1]!r} was seen before")
PY
}

look "no imageio"
pip install -q imageio==2.37.0
look "no packaging"
pip install -q packaging==25.0
look "made, reset and stepped"
