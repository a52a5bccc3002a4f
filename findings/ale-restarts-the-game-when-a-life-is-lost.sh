#!/usr/bin/env bash
# To end episodes where a life is lost means to DQN's authors, and to stable-baselines3, that the game goes on: the next reset() takes up
# the lives that are left, so that all of the game can still be reached. In Gymnasium's AtariPreprocessing(terminal_on_life_loss=True),
# and in ALE's vector environment with episodic_life=True, a reset begins a new game, and an agent plays first lives alone. The docstring
# of neither says so. In Breakout episodes begin with 5 lives each, not with 5, 4, 3, 2 and 1. What comes late in a game is seen less
# often or never, and the same setting under the same name trains on another distribution of states.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q ale-py==0.12.1 gymnasium==1.4.0 numpy==2.4.6 opencv-python-headless==5.0.0.93
"$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import ale_py
import gymnasium
import numpy as np
from ale_py.vector_env import AtariVectorEnv
from gymnasium.wrappers import AtariPreprocessing

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("ale-py", "gymnasium", "numpy")))
gymnasium.register_envs(ale_py)
EPISODES = 6


def action(step):
    """Serve at times, and otherwise stand still."""
    return 1 if step % 10 == 0 else 0


def alone():
    """Give the lives at the beginning and the end of each episode."""
    environment = AtariPreprocessing(gymnasium.make("ALE/Breakout-v5", frameskip=1), terminal_on_life_loss=True)
    lives, seen = environment.unwrapped.ale.lives, []
    for seed in range(EPISODES):
        environment.reset(seed=seed)
        begin, step, over = lives(), 0, False
        while not over:
            _, _, terminated, truncated, _ = environment.step(action(step))
            step, over = step + 1, terminated or truncated
        seen.append((begin, lives()))
    return seen


def vector():
    environment = AtariVectorEnv("breakout", 1, episodic_life=True)
    _, info = environment.reset(seed=0)
    seen = []
    for _ in range(EPISODES):
        begin, step, over = int(info["lives"][0]), 0, False
        while not over:
            _, _, terminated, truncated, info = environment.step(np.array([action(step)]))
            step, over = step + 1, terminated[0] or truncated[0]
        seen.append((begin, int(info["lives"][0])))
        _, _, _, _, info = environment.step(np.array([0]))
    return seen


found = {"AtariPreprocessing(terminal_on_life_loss=True)": alone(), "AtariVectorEnv(episodic_life=True)": vector()}
for name, seen in found.items():
    print(f"{name}: lives at the beginning and the end of episodes", *seen)
if any(seen != [(5, 4)] * EPISODES for seen in found.values()):
    sys.exit("it has changed")
PY
