#!/usr/bin/env bash
# Brax's environments draw a new start and a new target when they are reset, and when an episode ends inside step() they do neither:
# AutoResetWrapper, which envs.create() and all of its trainers put around every task, goes back to the state that this environment was
# given at first. A reacher of a batch of 1024 sees one target and one start for the whole training, and the batch 1024 of each;
# a small batch, as off-policy learners use, has those few. Nothing is drawn anew unless reset() is called (num_resets_per_eval of PPO,
# 0 by default). What an environment keeps in state.info is not reset. MuJoCo Playground's wrapper does the same unless full_reset=True.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q brax==0.14.2 mujoco==3.17.0 mujoco-mjx==3.17.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { tail -5 "$place/said"; exit 1; }
import sys
from importlib.metadata import version

import jax
import numpy as np
from brax import envs

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("brax", "jax", "numpy")))
BATCH, LENGTH, EPISODES = 4, 5, 6
env = envs.create("reacher", episode_length=LENGTH, batch_size=BATCH)


@jax.jit
def play(key, actions):
    def step(state, action):
        state = env.step(state, action)
        return state, (state.pipeline_state.q, state.done)

    first = env.reset(key)
    return first.pipeline_state.q, jax.lax.scan(step, first, actions)[1]


def shown(rows):
    return " ".join(f"({x:.3f}, {y:.3f})" for x, y in rows)


for seed in (0, 1):
    actions = jax.random.uniform(jax.random.PRNGKey(9), (LENGTH * EPISODES, BATCH, 2), minval=-1, maxval=1)
    first, (places, done) = (jax.tree.map(np.array, part) for part in play(jax.random.PRNGKey(seed), actions))
    starts = places[done.all(1)]  # the state that is returned with done is the next episode's
    moved = np.abs(places[~done.all(1)] - first).max()
    print(f"key {seed}: targets of the {BATCH} environments at reset", shown(first[:, 2:]))
    print(f"key {seed}: {len(starts)} ends of episodes, after each of them the same targets and arms to {np.abs(starts - first).max():g}; in between arms move by {moved:.2f} rad")
    if len(starts) != EPISODES or np.abs(starts - first).max() > 0 or moved < 0.1 or len(np.unique(first[:, 2:].round(5), axis=0)) != BATCH:
        sys.exit("it has changed")
PY
