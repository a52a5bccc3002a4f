#!/usr/bin/env bash
# scene.camera_rays() of trimesh gives rays, and for each the index of its pixel. Its camera.K is a matrix as OpenCV has it, whose rows
# count from the top; pixel (0, 0) of camera_rays() is the one at the lower left, so that K fits columns and has rows the wrong way
# round. The docstring says "indexes of pixel per ray". A depth image or a mask that is filled by depth[pixel[:, 1], pixel[:, 0]]
# stands upside down beside the pictures of any renderer or camera, and a principal point that is off the middle is off the other way.
# With the usual symmetric K nothing shows it but a scene that is not symmetric.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q trimesh==5.2.0 numpy==2.4.6 scipy==1.17.1
"$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import trimesh

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("trimesh", "numpy")))
WIDTH, HEIGHT = 64, 48
ABOVE = np.array([0.0, 0.5, -2.0])  # where the camera looks along -z, with y up

scene = trimesh.Scene(trimesh.creation.icosphere(radius=0.2))
scene.camera.resolution = (WIDTH, HEIGHT)
scene.camera.fov = (60, 45)
scene.camera_transform = np.eye(4)
_, directions, pixels = scene.camera_rays()

# which rays meet the ball: their distance from its middle
along = directions @ ABOVE
met = np.linalg.norm(ABOVE - along[:, None] * directions, axis=1) < 0.2
mask = np.zeros((HEIGHT, WIDTH), bool)
mask[pixels[met, 1], pixels[met, 0]] = True
row = np.nonzero(mask)[0].mean()

K = scene.camera.K
expected = K[1, 1] * -ABOVE[1] / -ABOVE[2] + K[1, 2]  # y is down in K, and up in the scene
print(f"a ball above the middle: by K in row {expected:.1f} of {HEIGHT} from the top, by camera_rays() in row {row:.1f}")
columns = (pixels[:, 0] + 0.5 - K[0, 2]) / K[0, 0]
print("columns are as K has them:", np.allclose(columns, directions[:, 0] / -directions[:, 2]))
if not (expected < HEIGHT / 2 - 5 and abs(row + 0.5 - (HEIGHT - expected)) < 0.5):
    sys.exit("it has changed")
PY
