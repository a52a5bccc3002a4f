#!/usr/bin/env bash
# Meta-World's pictures from its cameras corner, corner2 and corner3 are upside down, for which the usual cure is frame[::-1]. That turns the
# table the right way up, and mirrors it: left is right, and the robot acts on the other side than an observer would see. For the frames are not
# OpenGL's rows in the wrong order (the renderer has reversed these): the cameras themselves hang upside down in the model, which is half a turn,
# frame[::-1, ::-1]. Seen here by turning a camera of the model by 180 degrees about its line of sight: the new picture is the old one turned,
# and far from the old one flipped. topview, behindGripper and gripperPOV are upright.
# Needs OpenGL through EGL or OSMesa (MUJOCO_GL).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install -q --disable-pip-version-check metaworld==3.1.1 gymnasium==1.4.0 packaging==25.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import metaworld
import mujoco
import numpy as np

print(", ".join(f"{name} {version(name)}" for name in ("metaworld", "mujoco", "gymnasium", "numpy")))
for camera in ("corner", "corner2", "corner3", "topview"):
    env = gymnasium.make(
        "Meta-World/MT1", env_name="push-v3", render_mode="rgb_array", camera_name=camera, width=128, height=128, seed=0
    )
    env.reset(seed=0)
    model, data = env.unwrapped.model, env.unwrapped.data
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
    up = data.cam_xmat[number].reshape(3, 3)[:, 1]
    picture = env.render().astype(int)
    mujoco.mju_mulQuat(model.cam_quat[number], model.cam_quat[number].copy(), np.array([0.0, 0.0, 0.0, 1.0]))
    mujoco.mj_forward(model, data)
    turned = env.render().astype(int)
    half_turn, flip = (abs(turned - other).mean() for other in (picture[::-1, ::-1], picture[::-1]))
    below = up[2] < -0.1
    print(f"{camera}: its upward side points {'down' if below else 'up or sideways'} ({up.round(2)}); the camera turned by 180 degrees "
          f"differs from frame[::-1, ::-1] by {half_turn:.2f} of 255, from frame[::-1] by {flip:.2f}")
    if below != camera.startswith("corner") or half_turn > 1 or flip < 5:
        sys.exit("it has changed")
PY
