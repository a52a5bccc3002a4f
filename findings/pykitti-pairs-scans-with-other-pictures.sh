#!/usr/bin/env bash
# Recordings lack a scan here and there (KITTI's own 2011_09_26_drive_0009_sync has none of 177 to 180). pykitti lists the files
# that are there and counts them, whatever number they are called by: behind a gap, get_velo(k) is the scan after that of picture k, and
# the one asked for by frames=range(...) is another, too, as the range selects places in the list. The zipped iterators end a frame early
# and pair as wrongly. Nothing is said, len() is that of the timestamps. The names in dataset.velo_files tell which scan it is.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q pykitti==0.3.1 numpy==2.4.6 pillow==13.0.0 pandas==3.1.1 matplotlib==3.11.2 opencv-python-headless==5.0.0.93
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pykitti
from PIL import Image

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pykitti", "numpy")))
day = Path("2011_09_26")
drive = day / "2011_09_26_drive_0001_sync"
for part in ("image_00", "image_01", "image_02", "image_03", "velodyne_points", "oxts"):
    (drive / part / "data").mkdir(parents=True)
for number in range(6):  # pictures and scans hold their own number
    for camera in range(4):
        pixels = np.full((4, 4, 3) if camera > 1 else (4, 4), number, np.uint8)
        Image.fromarray(pixels).save(drive / f"image_0{camera}/data/{number:010d}.png")
    (drive / f"oxts/data/{number:010d}.txt").write_text(" ".join(["49.0", "8.4", "110.0", *["0"] * 22, "4", "8", "6", "6", "6"]))
    if number != 2:
        np.full((3, 4), number, np.float32).tofile(drive / f"velodyne_points/data/{number:010d}.bin")
(drive / "oxts/timestamps.txt").write_text("".join(f"2011-09-26 13:02:25.{number}00000000\n" for number in range(6)))
for name in ("calib_imu_to_velo.txt", "calib_velo_to_cam.txt"):
    (day / name).write_text("R: 1 0 0 0 1 0 0 0 1\nT: 0 0 0\n")
rectified = "".join(f"R_rect_0{k}: 1 0 0 0 1 0 0 0 1\nP_rect_0{k}: 1 0 1 0 0 1 1 0 0 0 1 0\n" for k in range(4))
(day / "calib_cam_to_cam.txt").write_text(rectified)

data = pykitti.raw(".", "2011_09_26", "0001")
by_number = [(int(np.asarray(data.get_cam2(k))[0, 0, 0]), int(data.get_velo(k)[0, 0])) for k in range(5)]
zipped = [(int(np.asarray(picture)[0, 0, 0]), int(scan[0, 0])) for picture, scan in zip(data.cam2, data.velo)]
chosen = pykitti.raw(".", "2011_09_26", "0001", frames=range(3, 5))
ranged = [(int(np.asarray(picture)[0, 0, 0]), int(scan[0, 0])) for picture, scan in zip(chosen.cam2, chosen.velo)]
print(f"scan 2 is missing; len() is {len(data)}; pictures and the scans beside them, by number: {by_number}")
print(f"zipped: {zipped}; frames=range(3, 5): {ranged}")
shifted = [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5)]
if (by_number, zipped, ranged, len(data)) != (shifted, shifted, [(3, 4), (4, 5)], 6):
    sys.exit("it has changed")
PY
