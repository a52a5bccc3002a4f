#!/usr/bin/env bash
# A MuJoCo camera sees nothing that is nearer than its near plane, and that plane lies at a hundredth not of a metre but of the scene's
# extent, which is worked out from everything that stands in the scene. A camera at a wrist sees a cube 5 cm before it; with a box added 5 m
# to the side, out of sight, the same camera looks through the cube, and nothing warns. So fix <statistic extent="1"/> in scenes of wrist
# cameras, or set <visual><map znear="..."/></visual> for the size that the scene has. Infinite planes do not count.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco

print("Python", sys.version.split()[0], "mujoco", version("mujoco"))
BOX = '<geom type="box" size="0.1 0.1 0.1" pos="5 0 0.1"/>'
SCENES = {
    "the cube alone": ("", ""),
    "a box 5 m to the side": ("", BOX),
    "the box, and an extent of 1": ('<statistic extent="1"/>', BOX),
}
found = {}
for name, (settings, others) in SCENES.items():
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          {settings}
          <worldbody>
            <geom type="plane" size="0 0 1"/>
            <body name="hand" pos="0 0 1">
              <camera name="wrist"/>
              <geom name="cube" type="box" size="0.01 0.01 0.01" pos="0 0 -0.06"/>
            </body>
            {others}
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 64, 64) as renderer:
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, "wrist")
        found[name] = int((renderer.render()[..., 0] == model.geom("cube").id).sum())
    near = model.vis.map.znear * model.stat.extent
    print(f"{name}: extent {model.stat.extent:.2f} m, near plane at {100 * near:.1f} cm, the cube is drawn in {found[name]} pixels")
alone, beside, fixed = found.values()
if not (alone == fixed > 500 and beside == 0):
    sys.exit("it has changed")
PY
