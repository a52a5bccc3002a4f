#!/usr/bin/env bash
# dm_control's observations as one vector come in two orders. Its own flat_observation=True, which dmc2gym and most learners follow, puts
# the parts as the task lists them: walker's orientations, height, velocity. Through Shimmy and Gymnasium's FlattenObservation they come in
# alphabetical order: height, orientations, velocity, since Gymnasium's Dict space sorts its keys. Both vectors have 24 numbers, so that
# a policy or a dataset of the one runs with the other, and nothing warns. Tasks whose parts are listed alphabetically (cartpole,
# cheetah, reacher) agree, so that a first try there finds nothing; and where the robot has not yet moved nor touched, others seem to.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q shimmy==2.0.1 gymnasium==1.4.0 dm-control==1.0.50 mujoco==3.17.0 \
    numpy==2.4.6 imageio==2.37.0 packaging==25.0
MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { tail -5 "$place/said"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
from dm_control import suite
from shimmy.dm_control_compatibility import DmControlCompatibilityV0

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("shimmy", "gymnasium", "dm-control", "numpy")))
EXPECTED = {"cartpole-swingup": True, "cheetah-run": True, "hopper-hop": False, "walker-walk": False,
            "fish-swim": False, "reacher-easy": True}
found = {}
for name in EXPECTED:
    domain, task = name.split("-")
    parts = suite.load(domain, task, task_kwargs={"random": 0})
    parts.reset()
    plain = suite.load(domain, task, task_kwargs={"random": 0}, environment_kwargs={"flat_observation": True})
    plain.reset()
    action = np.full(plain.action_spec().shape, 0.5)
    inner = suite.load(domain, task, task_kwargs={"random": 0})
    wrapped = gymnasium.wrappers.FlattenObservation(DmControlCompatibilityV0(inner))
    wrapped.reset()
    for _ in range(100):  # until what is felt is no longer zero
        named = parts.step(action).observation
        own = plain.step(action).observation["observations"]
        theirs = wrapped.step(action)[0]
    listed = np.concatenate([np.ravel(value) for value in named.values()])
    found[name] = bool(own.shape == theirs.shape and np.allclose(own, theirs))
    print(f"{name}: dm_control lists {', '.join(named)}: its vector {'is as listed' if np.allclose(own, listed) else 'is in another order'}, "
          f"Gymnasium's of {len(theirs)} numbers is {'the same' if found[name] else 'another, in the order ' + ', '.join(wrapped.env.observation_space)}")
if found != EXPECTED:
    sys.exit(f"it has changed: {found}")
PY
