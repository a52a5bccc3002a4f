#!/usr/bin/env bash
# Domain randomisation changes a MuJoCo model in place: model.geom_size makes a box larger, the next picture shows it, and rays end
# on it. Contacts do not follow: which pairs of shapes are looked at is decided by spheres and boxes around them (geom_rbound,
# geom_aabb) that were worked out when the model was compiled. A ball that falls onto a block grown from 10 to 50 cm falls into what the
# picture shows, until it meets the old sphere round the block; then all of its depth counts at once, and it is thrown about inside, and
# never rests. Nothing warns. Mass and inertia stay, too. Writing geom_rbound and geom_aabb along with geom_size mends a body of one shape;
# among many shapes of one body (such as all walls of the world) bvh_aabb hides it still, until <flag midphase="disable"/>. Best is to
# compile anew from MjSpec. Shapes that shrink are safe.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "numpy")))
SCENE = """
    <mujoco>
      <option><flag midphase="{midphase}"/></option>
      <worldbody>
        {others}
        <camera name="front" pos="0 -4 0" xyaxes="1 0 0 0 0 1"/>
        <geom name="block" type="box" size="{half} {half} {half}"/>
        <body name="ball" pos="0 0 1"><freejoint/><geom name="ball" type="sphere" size="0.05"/></body>
      </worldbody>
    </mujoco>"""


def look(model):
    """Return how many pixels the block covers, how high a ray from above finds its top, and between which heights the ball is at the end."""
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 120, 120) as renderer:
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, "front")
        pixels = int((renderer.render()[..., 0] == model.geom("block").id).sum())
    met = np.zeros(1, np.int32)
    ray = 3 - mujoco.mj_ray(model, data, np.array([0.02, 0, 3.0]), np.array([0, 0, -1.0]), None, 1, model.body("ball").id, met)
    heights = []
    for _ in range(2000):
        mujoco.mj_step(model, data)
        heights.append(float(data.qpos[2]))
    return pixels, ray, min(heights[-1000:]), max(heights[-1000:])


def made(half, bounds=False, others="", midphase="enable"):
    """Return the scene with a block of 50 cm, compiled with one of twice ``half``, with its ``bounds`` written, too, or not."""
    model = mujoco.MjModel.from_xml_string(SCENE.format(half=half, others=others, midphase=midphase))
    block = model.geom("block").id
    model.geom_size[block] = 0.25
    if bounds:
        model.geom_rbound[block], model.geom_aabb[block, 3:] = 0.25 * 3**0.5, 0.25
    return model


OTHERS = "".join(f'<geom type="box" size="0.05 0.05 0.05" pos="{x} 9 0"/>' for x in range(7))
MODELS = {
    "compiled so": made(0.25),
    "grown by geom_size": made(0.05),
    "geom_rbound and geom_aabb too": made(0.05, True),
    "likewise, seven others in the world": made(0.05, True, OTHERS),
    "likewise, without midphase": made(0.05, True, OTHERS, "disable"),
}
found = {}
for name, model in MODELS.items():
    found[name] = look(model)
    print("a block of 50 cm, {}: drawn in {} pixels, its top met by a ray at {:.2f} m, the ball ends between {:.2f} and {:.2f} m".format(name, *found[name]))
(pixels, ray, *rest), (same, sees, deep, _), (_, _, *right), (_, _, among, _), (_, _, *without) = found.values()
if not (pixels == same > 300 and abs(ray - sees) < 1e-9 and np.allclose([rest, right, without], 0.3, atol=0.01) and max(deep, among) < 0.2):
    sys.exit(f"it has changed: {found}")
PY
