#!/usr/bin/env bash
# ALE's environments say render_fps 30, but an action of ALE/Pong-v5 takes four frames of a game that runs at 60: 15 pictures make a second. So films that
# Gymnasium's RecordVideo makes show games at twice their speed, and with frameskip=1 (as it stands below frame-stacking wrappers) at half.
# The number does not follow from frameskip, which is stated in the environment's spec alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install -q --disable-pip-version-check ale-py==0.12.1 gymnasium==1.4.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import ale_py
import gymnasium

gymnasium.register_envs(ale_py)
GAME = 60
print(", ".join(f"{name} {version(name)}" for name in ("ale-py", "gymnasium", "numpy")))
told = {}
for frameskip in (1, 4):
    env = gymnasium.make("ALE/Pong-v5", frameskip=frameskip, render_mode="rgb_array")
    _, info = env.reset(seed=0)
    before = info["episode_frame_number"]
    for _ in range(30):
        *_, info = env.step(0)
    frames = (info["episode_frame_number"] - before) / 30
    told[frames] = env.metadata["render_fps"]
    print(f"frameskip={frameskip}: {frames:g} frames an action, so {GAME / frames:g} pictures a second; render_fps says {told[frames]}")
if told != {1: 30, 4: 30}:
    sys.exit("it has changed")
PY
