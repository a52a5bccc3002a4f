#!/usr/bin/env bash
# Gymnasium's MaxAndSkipObservation does not show how an episode ended. Where it ends before the last two of the skipped steps are done,
# the final observation is the one that the agent acted on, once more, though the reward counts the steps in between. Whoever bootstraps
# at a time limit, as one should, does so from a state up to two steps too old: in an episode of 10 steps, skipped by 4, observations of
# a counter are 4, 8 and 8. It is right where the limit is a multiple of the skip. MO-Gymnasium's and stable-baselines3's wrappers of the
# kind are written in the same way; the latter says that the observation at the end does not matter, which holds for terminations alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
from gymnasium.wrappers import MaxAndSkipObservation

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("gymnasium", "numpy")))


class Counter(gymnasium.Env):
    """Observe the number of steps; the time limit is 10, or what is given."""

    observation_space = gymnasium.spaces.Box(0, np.inf, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, limit):
        self.limit = limit

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.full(1, self.steps, np.float32), 1.0, False, self.steps == self.limit, {}


found = {}
for limit in (10, 12):
    environment = MaxAndSkipObservation(Counter(limit), skip=4)
    environment.reset()
    rows, over = [], False
    while not over:
        observation, reward, _, over, _ = environment.step(0)
        rows.append((int(observation[0]), reward))
    found[limit] = rows
    print(f"limit {limit}: observations and rewards", *rows)
if found != {10: [(4, 4.0), (8, 4.0), (8, 2.0)], 12: [(4, 4.0), (8, 4.0), (12, 4.0)]}:
    sys.exit("it has changed")
PY
