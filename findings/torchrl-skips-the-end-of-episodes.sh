#!/usr/bin/env bash
# TorchRL repeats actions in two ways, and one of them does not see an episode end. frame_skip=k of GymEnv, GymWrapper and DMControlEnv
# stops at the end; FrameSkipTransform(k) takes all k steps, and gives back the flags of the last. Where an episode's length is no
# multiple of k, an end in between is stepped over. dm_control then begins a new episode by itself within the skip: cartpole's 1000 steps,
# skipped by 3, come back as one episode of 667 actions which holds two, joined without a mark, and a return of twice the size; skipped by
# 4 all is right. The package's documentation of the transform says that it repeats an action, no more.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q torchrl==0.14.1 tensordict==0.14.3 torch==2.13.0 numpy==2.4.6 \
    dm-control==1.0.50 mujoco==3.17.0
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import torch
from tensordict.nn import TensorDictModule
from torchrl.envs import DMControlEnv, FrameSkipTransform, TransformedEnv

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("torchrl", "tensordict", "torch", "dm-control", "mujoco")))


def play(skip, transform):
    """Hold the cart still; give the number of actions in the first episode, and what they paid."""
    if transform:
        task = TransformedEnv(DMControlEnv("cartpole", "balance"), FrameSkipTransform(skip))
    else:
        task = DMControlEnv("cartpole", "balance", frame_skip=skip)
    task.set_seed(0)
    still = TensorDictModule(lambda _: torch.zeros(1, dtype=torch.float64), in_keys=["position"], out_keys=["action"])
    seen = task.rollout(1100, still)
    if not seen["next", "done"][-1]:
        sys.exit("the episode did not end: it has changed")
    return len(seen), float(seen["next", "reward"].sum())


found = {(skip, transform): play(skip, transform) for skip in (4, 3) for transform in (False, True)}
for (skip, transform), (length, paid) in found.items():
    name = "FrameSkipTransform" if transform else "frame_skip of DMControlEnv"
    print(f"{name}, {skip}: the first episode has {length} actions and pays {paid:.1f}")
if {key: length for key, (length, _) in found.items()} != {(4, False): 250, (4, True): 250, (3, False): 334, (3, True): 667}:
    sys.exit("it has changed: lengths of 250, 250, 334 and 667 were seen")
if not found[3, True][1] > 1.5 * found[3, False][1]:
    sys.exit("it has changed: the return was about twice the size")
PY
