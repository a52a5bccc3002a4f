#!/usr/bin/env bash
# PusherBulletEnv's reward does not know where the object is. Its "progress" is the change of the object's distance to the target, but that distance is
# taken from the place where the object was at reset, not from where it is: so the term is 0 at every step of every episode, whether the object lies
# still or is brought to the target, and what is left are costs of the arm. The vector to the target in the observation (44:46)
# stands still in the same way, while the object's own position (49:52) moves.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install -q --disable-pip-version-check pybullet-envs-gymnasium==0.6.0 pybullet==3.2.7 gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY' 2>"$place/log" | grep -v '^argv\|^pybullet build' || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
import pybullet_envs_gymnasium  # registers the tasks

versions = ", ".join(f"{name} {version(name)}" for name in ("pybullet-envs-gymnasium", "pybullet", "gymnasium", "numpy"))
STEPS = 20


def pushed(seed, whole):
    """Bring the object to the target in 20 steps, or leave it; return distances, progress, rewards and vectors."""
    env = gymnasium.make("PusherBulletEnv-v0")
    observation, _ = env.reset(seed=seed)
    joints = env.unwrapped.robot.jdict
    start = np.array([joints[f"object_{axis}"].current_position()[0] for axis in "xy"])
    way = np.array([joints[f"target_{axis}"].current_position()[0] for axis in "xy"]) - start
    distances, progress, rewards, vectors = [], [], [], [observation[44:46]]
    for step in range(1, STEPS + 1):
        for axis, place in zip("xy", start + whole * way * step / STEPS):
            joints[f"object_{axis}"].reset_current_position(float(place), 0)
        observation, reward, *_ = env.step(np.zeros(7, np.float32))
        distances.append(float(np.linalg.norm(observation[49:51] - observation[52:54])))
        progress.append(env.unwrapped.rewards[0])
        rewards.append(float(reward))
        vectors.append(observation[44:46])
    return distances, progress, rewards, float(np.ptp(vectors, axis=0).max())


print(versions)
ok = True
for seed in range(3):
    (near, gained, paid, turned), (far, *_, others, _) = pushed(seed, 1), pushed(seed, 0)
    print(
        f"seed {seed}: object {far[-1]:.2f} from the target and left there: reward {sum(others):.4f}; brought to {near[-1]:.2f}: "
        f"reward {sum(paid):.4f}, of that progress {sum(map(abs, gained))}; the vector to the target changed by {turned}"
    )
    ok &= near[-1] < 0.05 < far[-1] and not any(gained) and turned == 0 and abs(sum(paid) - sum(others)) < 0.01 * abs(sum(others))
if not ok:
    sys.exit("it has changed")
PY
