#!/usr/bin/env bash
# highway-env's parking-v0 is made for hindsight relabelling, and its GoalEnv promises that step()'s reward is always compute_reward() of
# the achieved goal, the desired goal and the info. It is, but for crashes: step() takes 5 off for one, in a task whose other steps cost less than 1.5,
# and compute_reward() does not, though info["crashed"] tells it. A hindsight buffer asks compute_reward() for all that it relabels, by the
# usual ratio four transitions of five, so most crashes in its batches cost nothing, and as a crash ends the episode, nothing is to pay
# after it: crashing can look cheaper than driving on. Take the 5 off where info["crashed"] is set, in a compute_reward of one's own.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q highway-env==1.12.1 gymnasium==1.4.0 numpy==2.4.6
SDL_VIDEODRIVER=dummy "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import gymnasium
import highway_env
import numpy as np

gymnasium.register_envs(highway_env)
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("highway-env", "gymnasium", "numpy")))
environment = gymnasium.make("parking-v0")
away, rest = {False: [], True: []}, []
for seed in range(20):
    environment.reset(seed=seed)
    over = False
    while not over:  # full throttle, straight on, into a wall
        observation, reward, terminated, truncated, info = environment.step(np.array([1, 0], np.float32))
        again = environment.unwrapped.compute_reward(observation["achieved_goal"], observation["desired_goal"], info)
        away[bool(info["crashed"])].append(round(float(reward - again), 9))
        rest.append(float(again))
        over = terminated or truncated
    assert terminated
for crashed, gaps in away.items():
    print(f"{len(gaps)} steps {'with' if crashed else 'without'} a crash: step()'s reward less compute_reward()'s is {sorted(set(gaps))}")
print(f"compute_reward() lies between {min(rest):.2f} and {max(rest):.2f}")
if set(away[False]) != {0.0} or set(away[True]) != {-5.0} or len(away[True]) != 20 or min(rest) < -1.5:
    sys.exit("it has changed")
PY
