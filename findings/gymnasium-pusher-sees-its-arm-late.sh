#!/usr/bin/env bash
# Gymnasium's Pusher-v5 observes two moments at once. Joint angles are read after the last of the five physics steps of an action, but the
# places of hand and object, and with them both distances in the reward, are those from before it: mj_step() moves the joints last and
# leaves the bodies' places to the next call, and the environment reads them in between. Under random actions the hand stands 4 mm, at
# most 9 mm, beside where the observed angles put it. At reset, and after set_state(), the two agree; so a state that is saved and set
# again does not give the observation that it was saved with. HalfCheetah-v5 observes joints alone, but whatever is drawn of it or read
# from its bodies lags likewise: 10 mm on average under random actions. mj_kinematics() before reading is the cure.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q gymnasium==1.4.0 mujoco==3.17.0 numpy==2.4.6 imageio==2.37.0 packaging==25.0
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import mujoco
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("gymnasium", "mujoco", "numpy")))
found = {}
for name, body in (("Pusher-v5", "tips_arm"), ("HalfCheetah-v5", "torso")):
    environment = gymnasium.make(name)
    environment.action_space.seed(0)
    environment.reset(seed=0)
    model, data = environment.unwrapped.model, environment.unwrapped.data
    fresh, away = mujoco.MjData(model), []
    for _ in range(41):  # the first is the reset
        fresh.qpos[:] = data.qpos
        mujoco.mj_kinematics(model, fresh)
        away.append(1000 * np.linalg.norm(fresh.body(body).xipos - data.body(body).xipos))
        observation = environment.step(environment.action_space.sample())[0]
    found[name] = away[0], np.mean(away[1:]), max(away)
    print(f"{name}: {body} is {away[0]:.2f} mm from where the angles put it at reset, then {found[name][1]:.1f} mm, at most {max(away):.1f} mm")
    if name == "Pusher-v5":
        pusher = environment.unwrapped
        pusher.set_state(data.qpos.copy(), data.qvel.copy())
        again = pusher._get_obs()
        joints, places = (1000 * np.abs(again - observation)[part].max() for part in (slice(14), slice(14, 17)))
        print(f"its own state set again: the joints' 14 numbers differ by {joints:g}, the hand's place by up to {places:.1f} mm")
print("physics step", model.opt.timestep, "s, action", environment.unwrapped.dt, "s")
if joints or places < 1 or any(reset > 1e-6 or mean < 2 for reset, mean, _ in found.values()):
    sys.exit(f"it has changed: {found}, {joints}, {places}")
PY
