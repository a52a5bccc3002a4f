#!/usr/bin/env bash
# An episode of panda-gym does not follow from its seed and its actions alone. reset(seed=...) gives the same first observation to the last bit, but
# then the cube goes another way, by centimetres, if other episodes were played in that environment before: resets place arm and cube anew, in
# an engine that goes on as it was. So who evaluates on ten seeds sees other episodes in another order, or after training. In an environment made for
# each episode they repeat exactly; save_state(), and restore_state() before each reset, do not bring that about.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install -q --disable-pip-version-check panda-gym==3.0.7 pybullet==3.2.7 gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY' 2>"$place/log" | grep -v '^argv\|^pybullet build' || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
import panda_gym  # registers the tasks

versions = ", ".join(f"{name} {version(name)}" for name in ("panda-gym", "pybullet", "gymnasium", "numpy"))
SEEDS = range(8)


def made():
    return gymnasium.make("PandaPush-v3")


def episode(env, seed, state=None):
    """Move the hand towards the cube for 50 steps; return the first observation, and where the cube is at the end."""
    if state is not None:
        env.unwrapped.restore_state(state)
    observation, _ = env.reset(seed=seed)
    first = np.concatenate([observation[key] for key in sorted(observation)])
    for _ in range(50):
        way = observation["achieved_goal"] - observation["observation"][:3]
        observation, *_ = env.step(np.clip(10 * way, -1, 1).astype(np.float32))
    return first, observation["achieved_goal"].copy()


def apart(some, others):
    """Return by how much the first observations differ at most, and how many millimetres each cube is away."""
    first = max(float(abs(a[0] - b[0]).max()) for a, b in zip(some, others))
    return first, [1000 * float(np.linalg.norm(a[1] - b[1])) for a, b in zip(some, others)]


def both_ways(play):
    return [play(seed) for seed in SEEDS], [play(seed) for seed in reversed(SEEDS)][::-1]


one, restored = made(), made()
restored.reset(seed=0)
state = restored.unwrapped.save_state()
ways = {
    "in an environment for each": lambda seed: episode(made(), seed),
    "in one environment": lambda seed: episode(one, seed),
    "in one, restored each time": lambda seed: episode(restored, seed, state),
}
found = {name: apart(*both_ways(play)) for name, play in ways.items()}
print(versions)
print("seeds 0 to 7, upwards and downwards: how far the cubes of one seed are apart at the end of the episode")
for name, (first, millimetres) in found.items():
    print(f"{name}: {', '.join(f'{m:.1f}' for m in millimetres)} mm; the first observations by {first}")
fresh, shared, again = found.values()
if fresh[0] or max(fresh[1]) or shared[0] or again[0] or max(shared[1]) < 1 or max(again[1]) < 1:
    sys.exit("it has changed")
PY
