#!/usr/bin/env bash
# A MuJoCo scene may have a hundred lights, and is drawn with the first eight. The headlight is one of them, even when it is black: the
# eighth light of the file and all further ones light nothing. They are counted in scene.nlight, and nothing warns. Who adds lamps at
# random, or composes rooms that bring their own, changes nothing in the pictures from there on. <headlight active="0"/> frees its place.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "numpy")))
LIGHT = '<light type="directional" pos="0 0 4" dir="0 0 -1" diffuse="0.05 0.05 0.05" specular="0 0 0" castshadow="{shadow}"/>'


def brightness(lights, head, shadow):
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <visual><headlight active="{head}" ambient="0 0 0" diffuse="0 0 0" specular="0 0 0"/></visual>
          <worldbody>
            <geom type="plane" size="3 3 1" rgba="1 1 1 1"/>
            <camera name="above" pos="0 0 5"/>
            {LIGHT.format(shadow=shadow) * lights}
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 40, 40) as renderer:
        renderer.update_scene(data, "above")
        return int(renderer.render()[20, 20, 0]), renderer.scene.nlight


changed = []
for head, shadow, last in ((1, "false", 7), (1, "true", 7), (0, "false", 8)):
    drawn = {lights: brightness(lights, head, shadow) for lights in (5, 6, 7, 8, 9, 12)}
    print(f"headlight {'black' if head else 'off'}, shadows {shadow}: brightness of the floor", ", ".join(f"{value} with {n} lights" for n, (value, _) in drawn.items()),
          f"(scene.nlight {drawn[12][1]})")
    values = [value for value, _ in drawn.values()]
    if not all((more > less) == (n <= last) for less, (more, n) in zip(values, zip(values[1:], (6, 7, 8, 9, 12)))):
        changed.append((head, shadow))
if changed:
    sys.exit(f"it has changed: {changed}")
PY
