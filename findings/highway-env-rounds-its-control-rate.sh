#!/usr/bin/env bash
# highway-env rounds its control rate up without a word, and its clock does not know. Physics runs at simulation_frequency, 15 a second
# by default, and an action lasts 15 // policy_frequency physics steps, but the clock that ends an episode advances by 1 /
# policy_frequency. At 10 actions a second an action lasts one physics step, 0.067 s instead of 0.1 s, and an episode of 4 s ends after
# the car has driven for 2.7 s; at 8 after 2.1 s. So comparing 5, 8, 10 and 15 actions a second compares episodes of other lengths, and 8, 10 and 15 are the
# same control. Only rates that divide simulation_frequency are what they say.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q highway-env==1.12.1 gymnasium==1.4.0 numpy==2.4.6
SDL_VIDEODRIVER=dummy "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import gymnasium
import highway_env
import numpy as np

gymnasium.register_envs(highway_env)
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("highway-env", "gymnasium", "numpy")))
found = {}
for rate in (5, 8, 10, 15):
    config = {"policy_frequency": rate, "duration": 4, "vehicles_count": 0, "action": {"type": "ContinuousAction"}}
    environment = gymnasium.make("highway-v0", config=config)
    environment.reset(seed=0)
    car, steps, over = environment.unwrapped.vehicle, 0, False
    start, speed = car.position[0], car.speed
    while not over:
        _, _, terminated, over, _ = environment.step(np.zeros(2, np.float32))  # neither gas nor steering: the speed stays
        assert not terminated and car.speed == speed
        steps += 1
    driven = (car.position[0] - start) / speed
    found[rate] = steps, round(float(driven), 2)
    print(f"policy_frequency {rate}: {steps} actions, clock {environment.unwrapped.time:.2f} s, driven {driven:.2f} s, {driven / steps:.3f} s an action")
if found != {5: (20, 4.0), 8: (32, 2.13), 10: (40, 2.67), 15: (60, 4.0)}:
    sys.exit(f"it has changed: {found}")
PY
