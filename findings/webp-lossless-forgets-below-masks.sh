#!/usr/bin/env bash
# A picture and its mask fit into one file: colours in three channels, the mask in the fourth. Written as lossless WebP, by Pillow
# (lossless=True) or by OpenCV (a quality above 100), the fourth channel comes back exactly, and the colours only where it is not 0:
# below a mask they are gone, without a word, half of this picture. "Lossless" is meant for what is seen of a transparent picture. Pillow has a
# switch for it, exact=True; OpenCV has none. PNG keeps everything. A test with a picture of three channels shows nothing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import io
import sys
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pillow", "opencv-python-headless", "numpy")))
picture = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
picture[..., 3] = 255
picture[:, :32, 3] = 0  # the mask: the left half is background


def with_pillow(kind, **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return np.asarray(Image.open(file))


def with_opencv(kind, *options):
    return cv2.imdecode(cv2.imencode(kind, picture, options)[1], cv2.IMREAD_UNCHANGED)


cases = [
    ("Pillow, lossless WebP", with_pillow("webp", lossless=True), True),
    ("Pillow, lossless WebP with exact=True", with_pillow("webp", lossless=True, exact=True), False),
    ("OpenCV, lossless WebP", with_opencv(".webp", cv2.IMWRITE_WEBP_QUALITY, 101), True),
    ("Pillow, PNG", with_pillow("png"), False),
    ("OpenCV, PNG", with_opencv(".png"), False),
]
seen = []
for name, read, lost in cases:
    other = (read[..., :3] != picture[..., :3]).any(-1)
    mask = (read[..., 3] == picture[..., 3]).all()
    print(f"{name}: colours differ in {100 * other.mean():.0f} % of the pixels, the mask is {'the same' if mask else 'another'}")
    seen.append(mask and not other[:, 32:].any() and (other[:, :32].mean() > 0.99) == lost and other.any() == lost)
if not all(seen):
    sys.exit("it has changed")
PY
