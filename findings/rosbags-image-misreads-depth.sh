#!/usr/bin/env bash
# rosbags-image turns ROS's pictures into arrays, and keeps depth in 16 bits where it lies plainly in an Image. Two usual ways to send depth
# go wrong without a word. A CompressedImage with a PNG of 16 bits comes back as uint8, divided by 257: millimetres become quarters of
# a metre, and all that is nearer is 0. And rows that are longer than the picture is wide, as cameras align them (step says how long), are
# not looked at: what pads the first row is read as the beginning of the second, so that each row is shifted against the one above and the
# last ones are missing. The first is read by cv2.imdecode(message.data, cv2.IMREAD_UNCHANGED), the second by numpy with step as a stride.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q rosbags-image==0.10.4 rosbags==0.11.9 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from rosbags.image import message_to_cvimage
from rosbags.typesys import Stores, get_typestore

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("rosbags-image", "rosbags", "opencv-python-headless", "numpy")))
kinds = {name.rsplit("/", 1)[1]: kind for name, kind in get_typestore(Stores.ROS2_HUMBLE).types.items()}
header = kinds["Header"](stamp=kinds["Time"](sec=1, nanosec=0), frame_id="depth")
DEPTH = np.array([[100, 200, 300], [1000, 2000, 3000], [4000, 4100, 4200]], np.uint16)


def image(step):
    rows = np.zeros((3, step), np.uint8)
    rows[:, :6] = DEPTH.view(np.uint8)
    return kinds["Image"](header, 3, 3, "16UC1", 0, step, rows.ravel())


png = cv2.imencode(".png", DEPTH)[1].ravel()
compressed = kinds["CompressedImage"](header, "16UC1; png compressed ", png)
plain, padded, packed = (message_to_cvimage(message) for message in (image(6), image(8), compressed))
print("plain:", plain.dtype, plain.tolist())
print("rows padded to 8 bytes:", padded.dtype, padded.tolist())
print("compressed:", packed.dtype, packed.tolist())
strided = np.ndarray((3, 3), np.uint16, image(8).data, strides=(8, 2))
cured = (strided == DEPTH).all() and (cv2.imdecode(png, cv2.IMREAD_UNCHANGED) == DEPTH).all()
shifted = [[100, 200, 300], [0, 1000, 2000], [3000, 0, 4000]]
scaled = packed.dtype == np.uint8 and np.abs(packed - DEPTH / 257).max() <= 1
if not ((plain == DEPTH).all() and cured and scaled and padded.tolist() == shifted):
    sys.exit("it has changed")
PY
