#!/usr/bin/env bash
# Five runs with the seeds 0 to 4 and eight environments each do not begin in forty ways, but in twelve. reset(seed=s) of Gymnasium's
# SyncVectorEnv and AsyncVectorEnv gives environment i the seed s + i, so run 0 and run 1 have seven of eight environments in common: not
# their first episodes alone, but all that follow, as an environment draws on from that seed. So runs are less independent than intervals
# over seeds suppose, and an evaluation that is seeded with "another" seed, one apart, meets the episodes of training again. Seeds that
# are further apart than there are environments help, and so does drawing them from a numpy.random.SeedSequence. CartPole-v1, which
# make_vec() makes as one environment of many rows, has one stream for all, and shares none. stable-baselines3's make_vec_env(seed=s)
# counts in the same way.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("gymnasium", "numpy")))
ENVIRONMENTS, EPISODES = 8, 3


def beginnings(task, seed):
    """Give what each environment of a run observes first in each of its episodes; Pendulum's have 200 steps."""
    vector = gymnasium.make_vec(task, num_envs=ENVIRONMENTS)
    observation, _ = vector.reset(seed=seed)
    seen = [observation]
    actions = np.zeros((ENVIRONMENTS, *vector.single_action_space.shape), vector.single_action_space.dtype)
    over = np.zeros(ENVIRONMENTS, bool)
    while task.startswith("Pendulum") and len(seen) < EPISODES:
        before = over.all()
        observation, _, terminated, truncated, _ = vector.step(actions)
        over = terminated | truncated
        if before:
            seen.append(observation)
    return [tuple(map(float, row)) for row in np.stack(seen, 1).reshape(ENVIRONMENTS, -1)]


def different(task, seeds):
    return len({row for seed in seeds for row in beginnings(task, seed)})


found = {}
for task, seeds in (("Pendulum-v1", range(5)), ("Pendulum-v1", range(0, 500, 100)), ("CartPole-v1", range(5))):
    found[task, seeds] = different(task, seeds)
    print(f"{task}, {ENVIRONMENTS} environments, seeds {[*seeds]}: {found[task, seeds]} different streams of first observations of {5 * ENVIRONMENTS}")
if list(found.values()) != [12, 40, 40]:
    sys.exit("it has changed: 12, 40 and 40 were seen")
PY
