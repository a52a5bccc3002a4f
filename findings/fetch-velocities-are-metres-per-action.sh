#!/usr/bin/env bash
# The tables of Gymnasium-Robotics' Fetch tasks give velocities in m/s and rad/s: of the hand, of its fingers, of the block, and of its turning.
# What is observed is none of them, but each times 0.04 s, the time of an action: metres and radians per action, 25 times smaller.
# Whoever compares with a real arm, predicts the next place from the velocity, or computes one from recorded places to fill up
# an observation, is wrong by that factor, and nothing fails: numbers of some millimetres look like a slow arm. Divided by
# env.unwrapped.dt they are velocities.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q gymnasium-robotics==1.4.2 gymnasium==1.4.0 mujoco==3.9.0 numpy==2.4.6
"$place/venv/bin/python" -W ignore - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import re
import sys
from importlib.metadata import version

import gymnasium
import gymnasium_robotics
import mujoco
import numpy as np
from gymnasium_robotics.envs.fetch.push import MujocoFetchPushEnv

names = ("gymnasium-robotics", "gymnasium", "mujoco", "numpy")
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in names))
gymnasium.register_envs(gymnasium_robotics)
for row in re.findall(r"\| (?:17|20) .*", MujocoFetchPushEnv.__doc__):
    print("documented:", " ".join(row.split()))
environment = gymnasium.make("FetchPush-v4")
environment.reset(seed=0)
model, data = environment.unwrapped.model, environment.unwrapped.data
hand, block = (mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, name) for name in ("robot0:grip", "object0"))
free = model.jnt_qposadr[mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, "object0:joint")]


def moved():
    """Velocities of the hand and of the block's turning, from where they come to be a microsecond later."""
    after, step = mujoco.MjData(model), 1e-6
    places, turns = [], []
    for time in (0, step):
        after.qpos[:] = data.qpos
        mujoco.mj_integratePos(model, after.qpos, data.qvel, time)
        mujoco.mj_kinematics(model, after)
        places.append(after.site_xpos[hand].copy())
        turns.append(after.site_xmat[block].reshape(3, 3).copy())
    spin = (turns[1] - turns[0]) @ turns[0].T / step
    return (places[1] - places[0]) / step, np.array([spin[2, 1], spin[0, 2], spin[1, 0]])


told, real = [], []
for k in range(40):
    if k == 20:
        data.qvel[model.jnt_dofadr[mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, "object0:joint")] + 5] = 20.0
    observation, *_ = environment.step(np.array([0.4, 0.3, 0.2, 0.0], dtype=np.float32) * (1 if k < 10 else -1))
    velocity, spin = moved()
    told.append([*observation["observation"][20:23], *observation["observation"][17:20]])
    real.append([*velocity, *spin])
told, real = np.array(told), np.array(real)
period = environment.unwrapped.dt
print(f"an action lasts {period} s")
for name, part in (("hand, m/s", slice(0, 3)), ("block's turning, rad/s", slice(3, 6))):
    k = np.abs(real[:, part]).sum(1).argmax()
    print(f"{name}, in step {k}: moves at {real[k, part].round(4)}, observed {told[k, part].round(4)}")
error = np.abs(told / period - real).max()
print(f"observed / {period} differs from the velocity by at most {error:.5f} in 40 steps, observed itself by {np.abs(told - real).max():.3f}")
if error > 0.002 or np.abs(told - real).max() < 0.1:
    sys.exit("it has changed")
PY
