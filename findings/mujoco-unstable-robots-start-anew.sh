#!/usr/bin/env bash
# What does MuJoCo do when a simulation gets out of hand, as with a servo that is too stiff for the time step? It raises nothing, and
# leaves no NaN to find: mj_step() puts the robot back to qpos0 (not to where the episode began), its velocities, the command in
# data.ctrl and the clock to zero, and goes on from there. All that says so is a printed line, one in MUJOCO_LOG.TXT, and a count in
# data.warning. An environment that is written as Gymnasium's are does not end its episode, and counts the leap back as a step. Look at
# data.warning[mujoco.mjtWarning.mjWARN_BADQACC].number, and at its neighbours BADQPOS and BADQVEL, after each step.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 gymnasium==1.4.0 numpy==2.4.6 imageio==2.37.0 packaging==25.0
cd "$place"
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv

warnings.simplefilter("ignore")  # of Gymnasium, about its passive checks of rewards
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "gymnasium", "numpy")))
Path("cart.xml").write_text("""
    <mujoco>
      <option timestep="0.02"/>
      <worldbody><body name="cart"><joint name="rail" type="slide" axis="1 0 0"/><geom size="0.1"/></body></worldbody>
      <actuator><velocity joint="rail" kv="3000" ctrlrange="-1 1"/></actuator>
    </mujoco>""")


class Cart(MujocoEnv):
    """A cart that is paid for its way forward, as Gymnasium's robots are; episodes start at 3 m."""

    metadata = {"render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"], "render_fps": 50}

    def __init__(self):
        space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
        super().__init__(str(Path("cart.xml").resolve()), 1, space)

    def step(self, action):
        before = self.data.qpos[0]
        self.do_simulation(action, self.frame_skip)
        seen = np.concatenate([self.data.qpos, self.data.qvel])
        return seen, (self.data.qpos[0] - before) / self.dt, bool(not np.isfinite(seen).all()), False, {}

    def reset_model(self):
        self.set_state(np.array([3.0]), np.zeros(1))
        return np.concatenate([self.data.qpos, self.data.qvel])


env = Cart()
env.reset(seed=0)
rewards, ended, clock = [], False, []
for _ in range(12):
    _, reward, terminated, truncated, _ = env.step(np.array([0.5], np.float32))
    rewards.append(reward)
    clock.append(float(env.data.time))
    ended |= terminated or truncated
back = int(np.argmin(np.diff(clock))) + 1
counted = sum(env.data.warning[kind].number for kind in (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL, mujoco.mjtWarning.mjWARN_BADQACC))
print("the clock after each step:", [round(time, 2) for time in clock])
print(f"at step {back} the cart is put back, for a reward of {rewards[back]:.3g}; the episode has {'' if ended else 'not '}ended, {counted} warnings are counted, "
      f"MUJOCO_LOG.TXT {'says so' if Path('MUJOCO_LOG.TXT').exists() else 'is not there'}")
places = mujoco.MjData(env.model)
places.qpos[0], places.ctrl[0] = 3.0, 0.5
while not places.warning[mujoco.mjtWarning.mjWARN_BADQACC].number:
    mujoco.mj_step(env.model, places)
print(f"right after it: place {places.qpos[0]:g} m, where the episode began at 3 m; command {places.ctrl[0]:g}, where 0.5 was asked for")
if ended or counted < 1 or clock[back] > clock[back - 1] or abs(rewards[back]) < 1000 or abs(places.qpos[0]) > 1 or places.ctrl[0] != 0:
    sys.exit("it has changed")
PY
