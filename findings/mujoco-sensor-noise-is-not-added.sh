#!/usr/bin/env bash
# Sensors in MuJoCo files have an attribute noise, a standard deviation, and robots' files set it for their gyroscopes and
# accelerometers. Nothing adds it: until 3.1.3 a flag did (<flag sensornoise="enable"/>), since 3.1.4 that flag is refused, and the
# attribute remains as a number that users may apply. A policy that is trained on sensors with noise="0.5" is trained on exact ones, and
# the attribute alone raises nothing. Values of neither mj_step() nor mj_forward() change with it. So add model.sensor_noise yourself.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for release in 3.1.3 3.17.0; do
    python3.11 -m venv "$place/$release"
    "$place/$release/bin/python" -m pip --disable-pip-version-check install -q "mujoco==$release" numpy==1.26.4
done
cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

import mujoco
import numpy as np

SCENE = """
    <mujoco>
      {flag}
      <worldbody><body><freejoint/><site name="imu"/><geom size="0.1"/></body></worldbody>
      <sensor><gyro site="imu" noise="0.5"/></sensor>
    </mujoco>"""
found = {}
for name, flag in (("the attribute alone", ""), ("the flag, too", '<option><flag sensornoise="enable"/></option>')):
    try:
        model = mujoco.MjModel.from_xml_string(SCENE.format(flag=flag))
    except ValueError as error:
        found[name] = "refused"
        continue
    data = mujoco.MjData(model)
    seen = []
    for _ in range(200):
        mujoco.mj_step(model, data)
        seen.append(data.sensordata.copy())
    found[name] = round(float(np.std(seen)), 1)
print(f"Python {sys.version.split()[0]}, mujoco {version('mujoco')}: a falling gyroscope with noise 0.5 has a deviation of",
      ", and ".join(f"{value} with {name}" for name, value in found.items()))
if list(found.values()) != ([0.0, 0.5] if version("mujoco") == "3.1.3" else [0.0, "refused"]):
    sys.exit("it has changed")
PY
for release in 3.1.3 3.17.0; do MUJOCO_GL=disable "$place/$release/bin/python" "$place/look.py"; done
