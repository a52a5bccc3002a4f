#!/usr/bin/env bash
# Gymnasium's NormalizeReward divides rewards by the spread of a running discounted return, and that return does not begin anew when an
# episode is cut by its time limit, nor at reset(): only a termination ends it. In tasks that never terminate (dm_control, HalfCheetah,
# Pendulum, Pusher) it therefore runs on over all episodes, settles, and its spread shrinks. A reward of 1 in episodes of 200 steps is
# scaled to 0.04 in the first episode and to 0.14 in the fiftieth, and grows on. The vector wrapper does the same with
# AutoresetMode.NEXT_STEP, the default, and not with SAME_STEP, where it starts anew at truncations as well and stays at 0.04: the same
# task, rewards and gamma, 3.5 times apart by the mode of resetting alone.
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
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import NormalizeReward
from gymnasium.wrappers.vector import NormalizeReward as VectorNormalizeReward

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("gymnasium", "numpy")))
EPISODES = 50


class Task(gymnasium.Env):
    """A reward of 1 in each of 200 steps, then the time limit."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.zeros(1, np.float32), 1.0, False, self.steps == 200, {}


def last_rewards(environment, action, start_again):
    """Give what the last reward of each episode is scaled to."""
    environment.reset()
    found = []
    while len(found) < EPISODES:
        _, reward, _, truncated, _ = environment.step(action)
        if np.all(truncated):
            found.append(round(float(np.squeeze(reward)), 2))
            if start_again:
                environment.reset()
    return found[0], found[9], found[-1]


action = np.zeros(1, np.float32)
found = {"one environment": last_rewards(NormalizeReward(Task()), action, True)}
for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
    vector = SyncVectorEnv([Task], autoreset_mode=mode)
    found[f"vector, {mode.name}"] = last_rewards(VectorNormalizeReward(vector), action[None], False)
for name, (first, tenth, last) in found.items():
    print(f"{name}: a reward of 1 becomes {first} in episode 1, {tenth} in episode 10, {last} in episode {EPISODES}")
if list(found.values()) != [(0.04, 0.07, 0.14), (0.04, 0.07, 0.14), (0.04, 0.04, 0.04)]:
    sys.exit("it has changed")
PY
