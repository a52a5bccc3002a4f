#!/usr/bin/env bash
# EnvPool's dm_control tasks reset by themselves one step after an episode's end, as Gymnasium's vector environments do, and the step
# that resets brings a new first observation. Its reward should be nothing, and is zero in EnvPool's Gym MuJoCo tasks. In its dm_control
# tasks it is the last reward of the episode before, once more. Whoever sums all rewards of a task that ends well counts the last one
# twice, and a replay that stores such rows teaches that a fresh state was worth it. elapsed_step in the info is 0 in just these rows.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q envpool==1.2.5 envpool-assets==0.3.0 gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import envpool
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("envpool", "gymnasium", "numpy")))
found = {}
for name in ("CartpoleBalance-v1", "WalkerWalk-v1", "HalfCheetah-v5"):
    environment = envpool.make(name, env_type="gymnasium", num_envs=1, num_threads=1, seed=0, max_episode_steps=20)
    environment.reset()
    random = np.random.default_rng(0)
    last, repeated = None, []
    for _ in range(210):  # ten episodes, each with a step that resets behind it
        action = random.uniform(-1, 1, (1, *environment.action_space.shape))
        _, reward, _, _, info = environment.step(action)
        if info["elapsed_step"][0] == 0:
            repeated.append((reward[0] != 0, reward[0] == last))
        last = reward[0]
    nonzero, equal = (int(sum(column)) for column in zip(*repeated, strict=True))
    found[name] = len(repeated), nonzero, equal
    print(f"{name}: of {len(repeated)} resetting steps {nonzero} bring a reward, {equal} the one of the step before")
if found != {"CartpoleBalance-v1": (10, 10, 10), "WalkerWalk-v1": (10, 10, 10), "HalfCheetah-v5": (10, 0, 0)}:
    sys.exit(f"it has changed: {found}")
PY
