#!/usr/bin/env bash
# robosuite puts what the robot feels into one vector, robot0_proprio-state, which learners take as it is. In 1.5.2 it has 50 numbers for
# a Panda, not the 32 that papers and older releases mean: joint angles beside their cosines and sines, two orientations of the hand, and
# seven joint accelerations. Those reach tens of rad/s^2 where everything else stays near 1, so that in a vector that is not scaled number
# by number they are 99 % of the variance; under random actions they say little more than which action came last. The 32 are to be had by
# their names: joint_pos_cos, joint_pos_sin, joint_vel, eef_pos, eef_quat, gripper_qpos, gripper_qvel.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q robosuite==1.5.2 mujoco==3.3.0 numpy==1.26.4

MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { cat "$place/said"; exit 1; }
from importlib.metadata import version

import numpy as np
import robosuite

print(", ".join(f"{name} {version(name)}" for name in ("robosuite", "mujoco", "numpy")))
env = robosuite.make(
    "Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False, renderer="mujoco", seed=0
)
observed, random = env.reset(), np.random.default_rng(0)
parts = [name for name in observed if name.startswith("robot0_") and not name.endswith("-state")]
seen = []
for _ in range(200):
    observed, *_ = env.step(random.uniform(-1, 1, 7))
    seen.append(observed)
whole = np.array([each["robot0_proprio-state"] for each in seen])
print("robot0_proprio-state has", whole.shape[1], "numbers")
share = {}
for name in parts:
    values = np.array([each[name] for each in seen])
    share[name] = values.var(0).sum() / whole.var(0).sum()
    print(f"{name}: {values.shape[1]} numbers, at most {np.abs(values).max():.2f}, {100 * share[name]:.2f} % of the variance")
if whole.shape[1] != 50 or share["robot0_joint_acc"] < 0.9:
    raise SystemExit("it has changed: 50 numbers were seen, nearly all of whose variance was that of accelerations")
PY
