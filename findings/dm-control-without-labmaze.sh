#!/usr/bin/env bash
# labmaze, which dm-control requires and which cannot be installed on Python 3.13 and later (no wheel, and its source builds only with
# Bazel), is needed by few parts of dm-control: installed without it, every task of the Control Suite and of dm_control.manipulation
# is made and stepped, and the walkers and tasks of dm_control.locomotion can be imported. Only its arenas cannot, not even the corridors,
# which use nothing of labmaze: the package's __init__ imports the mazes' textures. Of the other requirements, tqdm, requests, protobuf
# and pyparsing are not needed for any of this either.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q --no-deps dm-control==1.0.50
pip install -q mujoco==3.17.0 numpy==2.4.6 scipy==1.17.1 lxml==6.1.0 dm-env==1.6 dm-tree==0.1.10

MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import importlib
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

warnings.simplefilter("ignore")
print("Python", sys.version.split()[0], ", ".join(f"{name} {version(name)}" for name in ("dm-control", "mujoco", "numpy")))
for name in ("labmaze", "tqdm", "requests", "protobuf", "pyparsing"):
    try:
        version(name)
        sys.exit(f"{name} is installed")
    except PackageNotFoundError:
        pass

from dm_control import manipulation, suite
from dm_control.locomotion.tasks.corridors import RunThroughCorridor
from dm_control.locomotion.walkers.ant import Ant

stepped = 0
for domain, task in suite.ALL_TASKS:
    if (domain, task) == ("quadruped", "escape"):
        continue  # it draws when an episode begins
    environment = suite.load(domain, task)
    environment.reset()
    environment.step(0 * environment.action_spec().minimum)
    stepped += 1
print(f"{stepped} tasks of the Control Suite stepped")
features = [name for name in manipulation.ALL if name.endswith("features")]
for name in features:
    manipulation.load(name, seed=0).reset()
print(f"{len(features)} tasks of dm_control.manipulation reset")
print("of dm_control.locomotion:", type(Ant()).__name__, RunThroughCorridor.__name__)
try:
    importlib.import_module("dm_control.locomotion.arenas.corridors")
    sys.exit("it has changed: dm_control.locomotion.arenas.corridors can be imported")
except ModuleNotFoundError as error:
    print(f"dm_control.locomotion.arenas.corridors: {error}")
    assert error.name == "labmaze"
PY
