#!/usr/bin/env bash
# robosuite can be asked for 30 actions a second, but its time advances in whole steps of 2 ms: an action lasts 16 of them, 32 ms instead
# of 33.3, so that it is done 31.25 times a second, while env.cur_time counts 33.3 ms. Worse, each sensor has a clock of its own, which
# goes on to tick every 33.3 ms and no longer falls together with the actions: most observations that step() returns show where the arm
# was some milliseconds before the end of the step (up to a tenth of a radian at full speed), and now and then the same observation comes
# twice, as if nothing had moved. Cameras have such clocks, too. Nothing is said. At 20, 25 and 50 Hz,
# which divide 500, each observation shows the state as it is. 30, 40 and 60 Hz are concerned.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q robosuite==1.5.2 mujoco==3.3.0 numpy==1.26.4

MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { cat "$place/said"; exit 1; }
from importlib.metadata import version

import numpy as np
import robosuite

print(", ".join(f"{name} {version(name)}" for name in ("robosuite", "mujoco", "numpy")))
fine = {20: True, 25: True, 30: False, 40: False, 50: True, 60: False}
for rate, expected in fine.items():
    env = robosuite.make(
        "Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False, renderer="mujoco",
        control_freq=rate, hard_reset=False, seed=0,
    )
    observed, random = env.reset(), np.random.default_rng(0)
    begun, late, twice, off = env.sim.data.time, 0, 0, 0.0
    for step in range(100):
        action = random.uniform(-1, 1, 7) if step % 10 == 0 else action
        before = observed["robot0_joint_pos"]
        observed, *_ = env.step(action)
        error = np.abs(observed["robot0_joint_pos"] - env.sim.data.qpos[:7]).max()
        late, twice, off = late + (error > 0), twice + np.array_equal(before, observed["robot0_joint_pos"]), max(off, error)
    lasts = (env.sim.data.time - begun) / 100
    print(f"{rate} Hz: an action lasts {1000 * lasts:.1f} ms of {1000 / rate:.1f}; of 100 observations {late} are late, by up to {off:.3f} rad, and {twice} come twice")
    if (late == 0 and twice == 0 and abs(lasts - 1 / rate) < 1e-9) != expected:
        raise SystemExit("it has changed: 20, 25 and 50 Hz were right, and 30, 40 and 60 Hz late")
PY
