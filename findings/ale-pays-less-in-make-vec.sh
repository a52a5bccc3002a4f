#!/usr/bin/env bash
# One id, two scales of returns. gymnasium.make("ALE/MsPacman-v5"), and make_vec() of it with vectorization_mode="sync" or "async", give a
# game its own rewards. make_vec() without a mode takes ALE's vector environment instead, as Gymnasium prefers one where the id has it,
# and that clips rewards to -1 and 1 unless told not to: a dot pays 1, not 10, and a ghost as much. The spec states the same arguments for
# both, and says nothing of clipping; Pong looks alike in both. Pictures differ, too, and can be seen to: 4 grey ones of 84 by 84, not one
# of 210 by 160 in colours. So returns of a vector environment cannot be put beside published scores, or beside an evaluation with make().
# reward_clipping=False gives a game's own rewards.
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
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("ale-py", "gymnasium", "numpy")))
gymnasium.register_envs(ale_py)


def play(**how):
    """Play a game of MsPacman at random; give the largest reward, the return, and the arguments that the spec states."""
    environment = gymnasium.make_vec("ALE/MsPacman-v5", num_envs=1, **how)
    random, rewards, over = np.random.default_rng(0), [], False
    environment.reset(seed=0)
    while not over:
        _, reward, terminated, truncated, _ = environment.step(random.integers(9, size=1))
        rewards.append(float(reward[0]))
        over = terminated[0] or truncated[0]
    stated = {name: value for name, value in environment.spec.kwargs.items() if name != "vectorization_mode"}
    return max(rewards), sum(rewards), stated


found = {}
for how in ({"vectorization_mode": "sync"}, {}, {"reward_clipping": False}):
    found[str(how)] = largest, total, stated = play(**how)
    print(f"make_vec with {how or 'no mode'}: largest reward {largest:g}, return {total:g}; the spec states {stated}")
sync, default, unclipped = found.values()
if not (sync[0] >= 10 and unclipped[0] >= 10 and default[0] == 1 and default[1] < 100 < min(sync[1], unclipped[1])):
    sys.exit("it has changed")
if default[2] != sync[2]:
    sys.exit("it has changed: the specs stated the same arguments")
PY
