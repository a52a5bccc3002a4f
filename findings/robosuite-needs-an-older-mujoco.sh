#!/usr/bin/env bash
# robosuite 1.5.2 asks for mujoco>=3.3.0, so pip brings the newest, and pip check finds nothing wrong; but no environment can be made with
# it, and no message names mujoco: with 3.10 it ends with a TypeError full of numbers, with 3.11 an AttributeError about a field that no
# user knows, with 3.12 and later a bare AssertionError while joints are looked up. With 3.9.0, as with 3.3.0, it works. Its import says
# nothing in either case.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q robosuite==1.5.2 numpy==1.26.4

try() { # MUJOCO WHAT-HAPPENS
    pip install -q "mujoco==$1"
    pip check
    happened=$(MUJOCO_GL=disable "$place/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version

import robosuite

said = f"robosuite {version('robosuite')}, mujoco {version('mujoco')}:"
try:
    env = robosuite.make("Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False, renderer="mujoco")
    env.reset()
    env.step([0] * 7)
    print(said, "works")
except Exception as error:
    print(said, type(error).__name__, str(error).strip().splitlines()[-1:])
PY
    )
    echo "  $happened"
    case $happened in *"$2"*) ;; *) echo "it has changed: \"$2\" was seen"; exit 1 ;; esac
}

try 3.17.0 AssertionError
try 3.10.0 TypeError
try 3.9.0 works
