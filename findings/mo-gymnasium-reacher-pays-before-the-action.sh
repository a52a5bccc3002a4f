#!/usr/bin/env bash
# MO-Gymnasium's mo-reacher-v5 pays before it acts: all four rewards are taken from where the fingertip was before the step, so no action
# changes the reward that it returns, and the last state of an episode is never paid for. A critic that looks one step ahead learns
# nothing, and the discounted return is shifted by one gamma. Version 5 of Gymnasium's own Reacher mended this; the 5 of mo-reacher did not take that
# over. And the rewards are 1 - 4 d, where the documentation says 1 - 4 d^2, with d the distance to a target: at 0.14 m 0.44, not 0.92.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mo-gymnasium==1.3.2 gymnasium==1.4.0 mujoco==3.17.0 numpy==2.4.6 \
    imageio==2.37.0 packaging==25.0
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import gymnasium
import mo_gymnasium
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mo-gymnasium", "gymnasium", "mujoco", "numpy")))


def distances(environment):
    body = environment.unwrapped.data.body
    return np.array([np.linalg.norm((body("fingertip").xpos - body(f"target{number}").xpos)[:2]) for number in (1, 2, 3, 4)])


environment = mo_gymnasium.make("mo-reacher-v5")
rewards = []
for action in range(9):
    environment.reset(seed=0)
    before = distances(environment)
    rewards.append(environment.step(action)[1])
after = distances(environment)
print("the 9 actions' first rewards:", *(sorted({tuple(reward.round(3).tolist()) for reward in rewards})))
print("1 - 4 d before the action:", (1 - 4 * before).round(3), "after the last one:", (1 - 4 * after).round(3), "1 - 4 d^2 before:", (1 - 4 * before**2).round(3))
own = gymnasium.make("Reacher-v5")
single = set()
for torque in (-1, 0, 1):
    own.reset(seed=0)
    single.add(round(float(own.step(np.full(2, torque, np.float32))[4]["reward_dist"]), 6))
print(f"Gymnasium's Reacher-v5: {len(single)} distances paid for 3 actions")
same = all((reward == rewards[0]).all() for reward in rewards)
if not same or not np.allclose(rewards[0], 1 - 4 * before, atol=1e-6) or np.allclose(before, after, atol=1e-3) or len(single) != 3:
    sys.exit("it has changed")
PY
