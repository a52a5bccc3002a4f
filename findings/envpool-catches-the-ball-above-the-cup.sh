#!/usr/bin/env bash
# EnvPool's BallInCupCatch is not quite dm_control's: it rewards a ball that hovers over the rim, where dm_control does not. The target of
# dm_control counts as reached within 0.025 m of its middle; in EnvPool the reward reaches 0.017 m higher. All observations are the same
# numbers (the places of cup and ball), so both can be asked about the very same states. Returns of the two are not the same scale.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q envpool==1.2.5 envpool-assets==0.3.0 gymnasium==1.4.0 numpy==2.4.6 \
    dm-control==1.0.50 mujoco==3.17.0
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import envpool
import numpy as np
from dm_control import suite

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("envpool", "dm-control", "mujoco", "numpy")))
theirs = envpool.make("BallInCupCatch-v1", env_type="gymnasium", num_envs=1, num_threads=1, seed=1, max_episode_steps=2)
plain = suite.load("ball_in_cup", "catch", task_kwargs={"random": 0})
plain.reset()


def plain_reward(places):
    with plain.physics.reset_context():
        plain.physics.data.qpos[:] = places
    return plain.task.get_reward(plain.physics)


theirs.reset()
rows = []
for _ in range(12_000):  # starts are drawn all over the plane; every third step is one that resets, and is left out
    observation, reward, _, _, info = theirs.step(np.zeros((1, 2)))
    if info["elapsed_step"][0] == 2:
        places = observation["position"][0].copy()
        rows.append((places[3] - places[1], reward[0], plain_reward(places)))
height, envpools, plains = np.array(rows).T
both, only_theirs, only_plain = (int(np.sum(which)) for which in (envpools * plains, envpools * (1 - plains), (1 - envpools) * plains))
print(f"of {len(rows)} states both reward {both}, EnvPool alone {only_theirs}, dm_control alone {only_plain}")
highest = height[envpools > 0].max(), height[plains > 0].max()
print(f"the highest rewarded ball above the cup's own place: EnvPool {highest[0]:.3f} m, dm_control {highest[1]:.3f} m")
if only_plain or only_theirs < both / 4 or not 0.012 < highest[0] - highest[1] < 0.022:
    sys.exit("it has changed")
PY
