#!/usr/bin/env bash
# dm_control's depth pictures are in metres for a perspective camera, and are not for an orthographic one: it undoes the perspective that
# such a camera does not have. A table top two metres below comes out as 0.017, the floor three metres below as almost the same, and
# nothing warns. MuJoCo's own Renderer measures 2 and 3 for both cameras in the same scene.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q dm-control==1.0.50 mujoco==3.17.0 numpy==2.4.6
MUJOCO_GL=${MUJOCO_GL:-egl} "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
from dm_control.mujoco import Physics

SCENE = """
<mujoco>
  <worldbody>
    <camera name="perspective" pos="0 0 3" fovy="60"/>
    <camera name="orthographic" pos="0 0 3" projection="orthographic" fovy="4"/>
    <geom type="plane" size="5 5 0.1"/>
    <geom type="box" size="0.3 0.3 0.5" pos="0 0 0.5"/>
  </worldbody>
</mujoco>
"""
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("dm-control", "mujoco")))
physics = Physics.from_xml_string(SCENE)
model = mujoco.MjModel.from_xml_string(SCENE)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
found = {}
with mujoco.Renderer(model, 64, 64) as renderer:
    renderer.enable_depth_rendering()
    for camera in ("perspective", "orthographic"):
        renderer.update_scene(data, camera)
        right, asked = renderer.render(), physics.render(64, 64, camera_id=camera, depth=True)
        found[camera] = [float(picture[at]) for picture in (right, asked) for at in ((32, 32), (2, 2))]
        print(f"{camera}: box and floor at {found[camera][0]:.3f}, {found[camera][1]:.3f} m with mujoco, "
              f"{found[camera][2]:.3f}, {found[camera][3]:.3f} with dm_control (2 and 3 are true)")
physics.free()
near = lambda values, wanted: all(abs(value - want) < 0.01 for value, want in zip(values, wanted, strict=True))
if not (near(found["perspective"], (2, 3, 2, 3)) and near(found["orthographic"][:2], (2, 3)) and max(found["orthographic"][2:]) < 0.1):
    sys.exit("it has changed")
PY
