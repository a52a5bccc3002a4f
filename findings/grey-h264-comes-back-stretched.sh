#!/usr/bin/env bash
# A grey camera's pictures, or depth in 8 bits, fit into H.264 with pix_fmt gray, without loss at crf 0. What is decoded is other numbers: FFmpeg
# writes 0 to 255 as they are, does not note that, and its decoder takes a stream of one channel for yuv420p of the range 16 to 235, which
# readers stretch. All that was below 16 is 0 and all above 235 is 255, and what lies between moves by up to 20; in PyAV, OpenCV and imageio alike, also when
# asked for gray. A round trip of FFV1 shows nothing. Noting the range before writing
# (stream.codec_context.color_range = 2) is the cure; of files that are there, the first plane holds the right numbers.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$place"
venv/bin/python - 2>errors <<'PY' || { cat errors >&2; exit 1; }
import sys
from importlib.metadata import version

import av
import cv2
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("av", "opencv-python-headless", "numpy")))
RAMP = np.tile(np.arange(256, dtype=np.uint8), (64, 1))


def read(name, codec, noted=None, **options):
    """Write the ramp; return it as decoded by PyAV as gray, its first plane, and as decoded by OpenCV."""
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 256, 64, "gray"
        if noted:
            stream.codec_context.color_range = noted
        container.mux(stream.encode(av.VideoFrame.from_ndarray(RAMP, "gray")))
        container.mux(stream.encode())
    with av.open(name) as container:
        frame = next(container.decode(video=0))
        plane = np.frombuffer(frame.planes[0], np.uint8).reshape(64, -1)[:, :256]
        kind, gray = frame.format.name, frame.to_ndarray(format="gray")
    return kind, gray, plane, cv2.VideoCapture(name).read()[1][..., 0]


def off(array):
    return int(np.abs(array.astype(int) - RAMP).max())


results = {
    "H.264": read("a.mp4", "libx264", crf="0"),
    "H.264, range noted": read("b.mp4", "libx264", noted=2, crf="0"),
    "FFV1": read("c.mkv", "ffv1"),
}
for name, (kind, gray, plane, opencv) in results.items():
    print(f"{name}: decoded as {kind}; off by {off(gray)} in PyAV, {off(opencv)} in OpenCV, {off(plane)} in the first plane; 10 is {gray[0, 10]}, 240 is {gray[0, 240]}")
gray = results["H.264"][1]
offs = {name: tuple(map(off, arrays)) for name, (_, *arrays) in results.items()}
right = not (gray[:, :16].any() or (gray[:, 236:] < 255).any()) and offs["H.264"][1] == 0 and offs["H.264"][2] > 10
if not (right and max(offs["H.264, range noted"]) <= 1 and max(offs["FFV1"]) <= 1):
    sys.exit(f"it has changed: {offs}")
PY
