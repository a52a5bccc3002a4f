#!/usr/bin/env bash
# mujoco.rollout gives states and sensor readings of the same shape, batch x steps, and they are not of the same moments: state t is the
# one after step t, and the readings t were taken before that step, so that a jointpos sensor at t equals the joint in state t - 1. The
# sensors of the last state are not there at all, and the first readings are those of the state that was given. A model of the world, or
# of a robot whose parameters are fitted to a recording, learns from such pairs that sensors are late by one time step. So shift them:
# readings[1:] belong to states[:-1]. mj_step() followed by a look at data.sensordata has the same lag; mj_forward() before it is the cure.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
from mujoco import rollout

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "numpy")))
model = mujoco.MjModel.from_xml_string("""
    <mujoco>
      <option timestep="0.02"/>
      <worldbody>
        <body>
          <joint name="hinge" axis="0 1 0"/>
          <geom type="capsule" fromto="0 0 0 0 0 -1" size="0.05"/>
          <site name="tip" pos="0 0 -1"/>
        </body>
      </worldbody>
      <sensor>
        <jointpos joint="hinge"/>
        <jointvel joint="hinge"/>
        <framepos objtype="site" objname="tip"/>
      </sensor>
    </mujoco>""")
data = mujoco.MjData(model)
data.qpos[0] = 1.0
kind = mujoco.mjtState.mjSTATE_FULLPHYSICS
start = np.zeros(mujoco.mj_stateSize(model, kind))
mujoco.mj_getState(model, data, start, kind)
states, readings = rollout.rollout(model, data, start[None], nstep=50)
angle, speed = states[0, :, 1], states[0, :, 2]  # after the time
same = np.abs(readings[0, :, 0] - angle).max(), np.abs(readings[0, :, 1] - speed).max()
shifted = np.abs(readings[0, 1:, 0] - angle[:-1]).max(), np.abs(readings[0, 1:, 1] - speed[:-1]).max()
tip = np.stack([-np.sin(angle), 0 * angle, -np.cos(angle)], 1)
away = np.linalg.norm(readings[0, :, 2:] - tip, axis=1).max()
print(f"50 steps: states {states.shape[:2]}, readings {readings.shape[:2]}")
print(f"the joint's sensors beside the joint, same step: {same[0]:.3f} rad and {same[1]:.3f} rad/s apart; to the step before: {max(shifted):g}")
print(f"the tip's sensor is up to {100 * away:.1f} cm from where the state of the same step has the tip")
if states.shape[:2] != readings.shape[:2] or readings[0, 0, 0] != 1.0 or max(shifted) > 1e-12 or same[0] < 0.05 or away < 0.05:
    sys.exit(f"it has changed: {same}, {shifted}, {away}")
PY
