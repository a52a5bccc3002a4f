#!/usr/bin/env bash
# PyAV's frame.rotation cannot tell a mirrored video from a turned or an upright one. Whoever reads clips of phones and robots must turn them as the
# track's display matrix says; PyAV gives the angle, in degrees, as the only thing of that matrix that its documentation offers. For a track that
# is to be shown mirrored left to right the angle is -180, as if it were upside down, and for one that is to be mirrored top to bottom it is 0, as
# if nothing were to be done: who turns by the angle shows both wrongly. The whole matrix stands in frame.side_data["DISPLAYMATRIX"].
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q av==17.0.0 numpy==2.4.6

"$place/venv/bin/python" - "$place" <<'PY'
import struct
import sys
from importlib.metadata import version
from pathlib import Path

import av
import numpy as np

print("Python", sys.version.split()[0], f"av {version('av')}, numpy {version('numpy')}")
plain = Path(sys.argv[1]) / "plain.mp4"
with av.open(str(plain), "w") as container:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:12, :16] = 255  # a white corner, top left
    for _ in range(3):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    container.mux(stream.encode())


def with_matrix(a, d):
    """The same file with (a, 0, 0, d) as its track's display matrix, as ISO/IEC 14496-12 lays it out in tkhd."""
    data = bytearray(plain.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: flags, times, track, duration, layer, volume stand before it
    one = 1 << 16
    assert struct.unpack_from(">9i", data, at) == (one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    across, down = (64 * one if a < 0 else 0), (48 * one if d < 0 else 0)
    struct.pack_into(">9i", data, at, a * one, 0, 0, 0, d * one, 0, across, down, 1 << 30)
    path = plain.with_name(f"{a}{d}.mp4")
    path.write_bytes(data)
    return path


expected = {(1, 1): 0, (-1, -1): -180, (-1, 1): -180, (1, -1): 0}
names = {(1, 1): "upright", (-1, -1): "turned by half", (-1, 1): "mirrored left to right", (1, -1): "mirrored top to bottom"}
for signs, angle in expected.items():
    with av.open(str(with_matrix(*signs))) as container:
        frame = next(container.decode(video=0))
        corner = frame.to_ndarray(format="rgb24")[2, 2].min() > 128
        print(f"{names[signs]}: rotation {frame.rotation}, pixels {'as they were stored' if corner else 'changed'}")
        if abs(frame.rotation) != abs(angle) or not corner:
            sys.exit(f"it has changed: {angle} was seen before")
PY
