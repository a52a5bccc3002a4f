#!/usr/bin/env bash
# No seed decides where gym-hil's cube lies. By default it lies in one place in every episode, whatever the seed (random_block_position is false), so
# an agent can learn the task blind. With random_block_position=True, reset(seed=0) twice gives two places: reset() passes its seed to
# Gymnasium's np_random and the constructor its own to a RandomState, and the place is then drawn from NumPy's global stream. So two evaluations with the
# same seeds are not on the same episodes, and Gymnasium's own way to repeat one does not. np.random.seed() before each reset does. The
# boxes of PandaArrangeBoxes are shuffled in the same way.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install -q --disable-pip-version-check gym-hil==0.1.14 gymnasium==1.4.0 mujoco==3.8.1 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gym_hil
import gymnasium
import numpy as np

print(", ".join(f"{name} {version(name)}" for name in ("gym-hil", "gymnasium", "mujoco", "numpy")))


def places(seeds, globally=False, **arguments):
    env = gymnasium.make("gym_hil/PandaPickCubeBase-v0", **arguments)
    found = []
    for seed in seeds:
        if globally:
            np.random.seed(seed)
        observation, _ = env.reset(seed=seed)
        found.append(tuple(float(value) for value in observation["environment_state"][:2].astype(float).round(4)))
    return found


fixed = places((0, 1, 2))
print("by default, with seeds 0, 1, 2, the cube is at", *fixed)
again = places((0, 0), random_block_position=True, seed=3)
print("with random_block_position=True, with seed 0 twice, at", *again)
seeded = places((0, 1, 0), globally=True, random_block_position=True)
print("and with np.random.seed() before each reset, with seeds 0, 1, 0, at", *seeded)
if len(set(fixed)) != 1 or again[0] == again[1] or seeded[0] != seeded[2] or seeded[0] == seeded[1]:
    sys.exit("it has changed")
PY
