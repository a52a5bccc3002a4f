#!/usr/bin/env bash
# A MuJoCo camera with an angle of view keeps its pixels square: a wider picture shows more at both sides, and a ball stays a disk. A
# calibrated one (focal lengths in pixels, sensor size, resolution) always shows its whole sensor, whatever picture is asked for: a camera
# of 640x480 drawn as the square picture that a policy takes makes a ball an ellipse, a third higher than wide, and nothing warns. Its
# resolution does not decide the size of a picture either. So ask for pictures of the sensor's own aspect, and cut or pad them afterwards.
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

CAMERAS = {
    "an angle of view": 'fovy="44"',
    "a calibrated one": 'resolution="640 480" sensorsize="0.0064 0.0048" focalpixel="600 600"',
}
print("Python", sys.version.split()[0], "mujoco", version("mujoco"))
found = {}
for name, attributes in CAMERAS.items():
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <worldbody>
            <camera name="camera" pos="0 0 3" {attributes}/>
            <geom type="sphere" size="0.5" pos="0 0 0.5"/>
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for height, width in ((240, 320), (240, 240)):
        with mujoco.Renderer(model, height, width) as renderer:
            renderer.enable_segmentation_rendering()
            renderer.update_scene(data, "camera")
            rows, columns = np.nonzero(renderer.render()[..., 0] == 0)
        ball = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
        found[name, width] = ball[1] / ball[0]
        print(f"{name}, a picture of {width}x{height}: the ball is {ball[0]} pixels wide and {ball[1]} high")
square = all(abs(found[case] - 1) < 0.03 for case in found if case != ("a calibrated one", 240))
if not square or abs(found["a calibrated one", 240] - 4 / 3) > 0.03:
    sys.exit(f"it has changed: {found}")
PY
