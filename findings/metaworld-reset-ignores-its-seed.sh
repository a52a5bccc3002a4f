#!/usr/bin/env bash
# Meta-World leaves the seed of reset() aside, and what follows differs by how a task is made. Meta-World/MT1 draws one of its 50 goals at
# each reset: reset(seed=7), four times, gives four goals, where Gymnasium's contract says one. Meta-World/goal_hidden, whose name
# promises a goal that has to be found, has the same goal in all episodes, whatever reset is given: it follows from the seed that the
# environment was made with. An agent that sees no goal can learn such a task by heart, and evaluating with other seeds does not show it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q metaworld==3.1.1 mujoco==3.3.0 gymnasium==1.4.0 numpy==2.4.6 packaging==26.4

MUJOCO_GL=disable "$place/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import gymnasium
import metaworld  # noqa: F401 (registers)

print(", ".join(f"{name} {version(name)}" for name in ("metaworld", "mujoco", "gymnasium", "numpy")))


def goals(name, made_with, seeds):
    env = gymnasium.make(f"Meta-World/{name}", env_name="reach-v3", seed=made_with)
    seen = []
    for seed in seeds:
        env.reset(seed=seed)
        seen.append(tuple(env.unwrapped._target_pos.round(3).tolist()))
    print(f"{name} made with seed {made_with}, reset with {', '.join(map(str, seeds))}:", *seen)
    return seen


same = len(set(goals("MT1", 0, [7, 7, 7, 7])))
hidden = [goals("goal_hidden", made, [7, 8, 9, None]) for made in (1, 2)]
if same < 2 or [len(set(each)) for each in hidden] != [1, 1] or hidden[0][0] == hidden[1][0]:
    raise SystemExit("it has changed: one seed gave several goals in MT1, and all seeds one goal in goal_hidden")
PY
