#!/usr/bin/env bash
# Shimmy's dm_control environments state a render_fps that is not how fast they run. The wrapper multiplies the control time step by 1000
# where its inverse is meant: cartpole acts every 0.01 s, 100 times a second, and says 10; finger acts 50 times and says 20; a manipulation
# task acts 25 times and says 40. A film written at the stated rate, as RecordVideo does, shows cartpole ten times too slow and the arm 1.6
# times too fast. And the number is written into the metadata of the class, which all instances share, so making a second environment
# changes what the first one says. The time step itself, the wrapper's dt, is right: 1 / dt is the rate to use.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q shimmy==2.0.1 gymnasium==1.4.0 dm-control==1.0.50 mujoco==3.17.0 \
    numpy==2.4.6 imageio==2.37.0 packaging==25.0
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import gymnasium
import shimmy

gymnasium.register_envs(shimmy)
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("shimmy", "gymnasium", "dm-control", "mujoco")))
seen = {}
for name in ("finger-spin", "cartpole-swingup", "reach_site_features"):
    environment = gymnasium.make(f"dm_control/{name}-v0")
    seen[name] = environment, environment.metadata["render_fps"]
    print(f"{name}: {1 / environment.unwrapped.dt:.0f} actions a second, render_fps {seen[name][1]:.0f}")
finger, before = seen["finger-spin"]
print(f"finger-spin said {before:.0f} when it was made, and says {finger.metadata['render_fps']:.0f} since others were made")
found = [round(fps) for _, fps in seen.values()], round(finger.metadata["render_fps"])
if found != ([20, 10, 40], 40):
    sys.exit(f"it has changed: {found}")
PY
