#!/usr/bin/env bash
# A height field that is written anew for each episode (model.hfield_data) is felt at once: contacts and rays meet the new hills. Pictures
# show the first terrain for as long as the renderer lives, mujoco.Renderer and dm_control's physics.render alike, and nothing warns: a
# walker that sees is shown flat ground and stumbles over hills. Textures (model.tex_data) stay the first likewise, while colours
# (geom_rgba) follow. Heights and pictures are uploaded to the graphics card once; mjr_uploadHField and mjr_uploadTexture upload them again.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q dm-control==1.0.50 mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
from dm_control.mujoco import Physics

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "dm-control", "numpy")))
SCENE = """
    <mujoco>
      <asset>
        <hfield name="terrain" nrow="9" ncol="9" size="1 1 1 0.1"/>
        <texture name="red" type="2d" builtin="flat" width="8" height="8" rgb1="1 0 0"/>
        <material name="red" texture="red"/>
      </asset>
      <worldbody>
        <light pos="0 0 3"/>
        <camera name="side" pos="0 -3 2" xyaxes="1 0 0 0 0.6 0.8"/>
        <geom type="hfield" hfield="terrain"/>
        <geom name="sign" type="box" size="0.2 0.2 0.2" pos="1.2 0 1" material="red"/>
      </worldbody>
    </mujoco>"""


def differ(first, second):
    return int((np.abs(first.astype(int) - second.astype(int)).max(2) > 20).sum())


def watch(name, model, data, draw, upload_terrain, upload_texture):
    """Return how many pixels change with a new terrain, after its upload, with a new texture, after its upload, and with a colour."""
    met = np.zeros(1, np.int32)
    flat = draw()
    model.hfield_data[40] = 1.0  # the middle
    mujoco.mj_forward(model, data)
    height = 3 - mujoco.mj_ray(model, data, np.array([0.01, 0, 3.0]), np.array([0, 0, -1.0]), None, 1, -1, met)
    counts = [differ(flat, draw())]
    upload_terrain()
    hilly = draw()
    counts.append(differ(flat, hilly))
    model.tex_data[:] = 255
    counts.append(differ(hilly, draw()))
    upload_texture()
    white = draw()
    counts.append(differ(hilly, white))
    model.geom_rgba[0] = 0.1, 0.1, 0.9, 1
    counts.append(differ(white, draw()))
    print(f"{name}: a ray finds the new hill {height:.2f} m high; changed pixels: {counts[0]} for the hill, {counts[1]} after its upload; "
          f"{counts[2]} for the texture, {counts[3]} after its upload; {counts[4]} for a colour")
    return height > 0.8 and counts[0] == counts[2] == 0 and min(counts[1], counts[3], counts[4]) > 50


model = mujoco.MjModel.from_xml_string(SCENE)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 120, 160) as renderer:

    def draw():
        renderer.update_scene(data, "side")
        return renderer.render().copy()

    context = renderer._mjr_context
    plain = watch("mujoco.Renderer", model, data, draw, lambda: mujoco.mjr_uploadHField(model, context, 0),
                  lambda: mujoco.mjr_uploadTexture(model, context, 0))
physics = Physics.from_xml_string(SCENE)
theirs = physics.model.ptr


def upload(what):
    with physics.contexts.gl.make_current() as call:
        call.call(what, theirs, physics.contexts.mujoco.ptr, 0)


suite = watch("dm_control", theirs, physics.data.ptr, lambda: physics.render(120, 160, camera_id="side"),
              lambda: upload(mujoco.mjr_uploadHField), lambda: upload(mujoco.mjr_uploadTexture))
if not (plain and suite):
    sys.exit("it has changed")
PY
