#!/usr/bin/env bash
# dm-control states only a lower bound on mujoco, and pip finds nothing wrong with a newer one, but a release of dm-control works with
# the mujoco of its own days and with few later ones: it reads the fields of mujoco's structures one by one, and a field that has been
# renamed or given up ends the loading of every task, with an AttributeError about something that the task never uses. A newer
# dm-control is not always the better guess: mujoco 3.9.0 works with dm-control 1.0.39, but not with 1.0.41, which pip prefers there.
# Python 3.11 or 3.12 (labmaze has no wheel beyond).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q dm-control==1.0.34 mujoco==3.3.7 numpy==2.3.5

load() {
    "$place/venv/bin/python" - <<'PY'
from importlib.metadata import version
said = f"dm-control {version('dm-control')}, mujoco {version('mujoco')}:"
try:
    from dm_control import suite
    suite.load("cheetah", "run").reset()
    print(said, "loads")
except AttributeError as error:
    print(said, error)
PY
}

try() { # DM-CONTROL MUJOCO WHAT-IT-SAYS
    pip install -q "dm-control==$1" "mujoco==$2"
    pip check >/dev/null && echo "pip check finds nothing wrong:"
    said=$(MUJOCO_GL=disable load 2>/dev/null | tail -n 1)
    echo "  $said"
    case $said in *"$3"*) ;; *) echo "it has changed: \"$3\" was seen"; exit 1 ;; esac
}

try 1.0.34 3.3.7 loads
try 1.0.34 3.5.0 "has no attribute"
try 1.0.34 3.17.0 "has no attribute"
try 1.0.41 3.8.1 loads
try 1.0.41 3.9.0 "has no attribute"
try 1.0.39 3.9.0 loads
