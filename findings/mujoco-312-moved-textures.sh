#!/usr/bin/env bash
# From MuJoCo 3.12 on, the texture of a finite plane or box begins at its edge; before, its middle lay at the shape's centre. (On a plane
# that is infinite one way, it begins half a texture further.) The same model gives another picture, so an agent that was trained on
# images of one sees a shifted floor or table with the other: among the tasks of the Control Suite in reacher and walker, whose
# release notes and dm-control's say nothing of it. Seen here in a plane whose texture is red left of its middle and green right of it.
# Needs OpenGL through EGL or OSMesa (MUJOCO_GL).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
export MUJOCO_GL=${MUJOCO_GL:-egl}

draw() {
    "$place/venv/bin/python" -m pip install -q --disable-pip-version-check "mujoco==$1" numpy==2.3.5
    "$place/venv/bin/python" - <<'PY' 2>/dev/null
import mujoco
import numpy as np
MODEL = """<mujoco>
  <asset><texture name="t" type="2d" builtin="checker" rgb1="1 0 0" rgb2="0 1 0" width="64" height="64"/>
  <material name="m" texture="t" texrepeat="2 1" texuniform="false"/></asset>
  <worldbody><light directional="true" pos="0 0 1"/><camera pos="0 0 1" fovy="40"/>
  <geom type="plane" size="0.3 0.3 0.1" material="m"/></worldbody></mujoco>"""
model = mujoco.MjModel.from_xml_string(MODEL)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 64, 64) as renderer:
    renderer.update_scene(data, 0)
    picture = renderer.render().astype(int)
row = picture[20, ::8]
print("".join("." if pixel.max() < 60 else "rg"[int(pixel[1] > pixel[0])] for pixel in row))
PY
}

old=$(draw 3.11.0)
new=$(draw 3.12.0)
echo "a row of pixels across the plane, red, green, and . beside it, mujoco 3.11.0: $old"
echo "the same with mujoco 3.12.0: $new"
[ "$old" != "$new" ] || { echo "it has changed: both are alike"; exit 1; }
