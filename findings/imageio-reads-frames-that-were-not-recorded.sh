#!/usr/bin/env bash
# A camera that misses pictures gives a film with gaps in its times, and a log of joint angles with one row for each picture. imageio with
# its ffmpeg plugin (imageio.v2.get_reader, imageio.v3.imread without PyAV, imageio_ffmpeg.read_frames) evens the times out: of 10 pictures
# it gives back 17 from an mp4, some of them up to five times, and one never, and 15 from an mkv, so that picture k is no longer row k.
# count_frames() says 10 all the same. PyAV, also as imageio's plugin="pyav", and OpenCV give back the 10; so does the ffmpeg plugin when it
# is given output_params=["-fps_mode", "passthrough"].
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6 pillow==13.0.0
cd "$place"
venv/bin/python - <<'PY'
import sys
from fractions import Fraction
from importlib.metadata import version

import av
import imageio.v2
import imageio.v3
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("imageio", "imageio-ffmpeg", "av", "numpy")))
TICKS = [0, 1, 2, 5, 6, 7, 8, 12, 13, 14]  # of a camera of 30 pictures a second: five were missed


def film(path):
    """Write a film whose pictures are 20, 30, 40... all over."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number, tick in enumerate(TICKS):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 + 10 * number, np.uint8), "rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def numbers(pictures):
    return [round((float(np.mean(picture)) - 20) / 10) for picture in pictures]


every = list(range(10))
seen = []
for path in ("film.mp4", "film.mkv"):
    film(path)
    with imageio.v2.get_reader(path, "ffmpeg") as reader:
        counted, read = reader.count_frames(), numbers(reader.iter_data())
    with imageio.v2.get_reader(path, "ffmpeg", output_params=["-fps_mode", "passthrough"]) as reader:
        passed = numbers(reader.iter_data())
    other = numbers(imageio.v3.imread(path, plugin="pyav"))
    print(f"{path}: count_frames() {counted}, {len(read)} read: {read}")
    print(f"{path}: with PyAV {other}, with passthrough {passed}")
    seen.append(counted == 10 and len(read) > 14 and passed == other == every)
    if path.endswith("mp4"):
        seen.append(set(read) != set(every))
if not all(seen):
    sys.exit("it has changed")
PY
