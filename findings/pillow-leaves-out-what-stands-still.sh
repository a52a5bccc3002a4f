#!/usr/bin/env bash
# An animated PNG or a lossless WebP keeps an episode's pictures exactly, and Pillow writes both; but where a robot waits, pictures that
# equal the one before are left out, and the one before is shown for longer. Of 7 pictures 4 come back, so that picture k is no longer
# row k of the log, and which were left out stands only in the durations, which imageio's imread does not give. GIF is as bad, also through
# imageio. A PNG for which no duration was given keeps all 7, as do AVIF and TIFF: a test without a duration, or whose pictures all differ, shows
# nothing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q pillow==13.0.0 imageio==2.38.1 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import imageio.v3 as iio
import numpy as np
from PIL import Image

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pillow", "imageio", "numpy")))
VALUES = [10, 10, 20, 20, 20, 30, 10]
pictures = [np.full((32, 32, 3), value, np.uint8) for value in VALUES]


def with_pillow(name, **options):
    first, *others = map(Image.fromarray, pictures)
    first.save(name, save_all=True, append_images=others, **options)


def with_imageio(name, **options):
    iio.imwrite(name, np.stack(pictures), **options)


def read(name):
    """Return the pictures' values, and for how many milliseconds each is shown."""
    found, times = [], []
    with Image.open(name) as film:
        for place in range(film.n_frames):
            film.seek(place)
            film.load()  # a WebP tells its durations only then
            found.append(int(np.asarray(film.convert("RGB"))[0, 0, 0]))
            times.append(film.info.get("duration"))
    return found, times


cases = [
    (with_pillow, "a.png", {"duration": 50}, 4),
    (with_pillow, "a.webp", {"duration": 50, "lossless": True}, 4),
    (with_pillow, "a.gif", {"duration": 50}, 4),
    (with_imageio, "b.gif", {"duration": 50}, 4),
    (with_imageio, "b.png", {"duration": 50}, 4),
    (with_pillow, "c.png", {}, 7),
    (with_pillow, "c.tiff", {}, 7),
]
seen = []
for write, name, options, expected in cases:
    write(name, **options)
    found, times = read(name)
    print(f"{write.__name__}, {name} {options}: {len(found)} of 7, {found}, shown for {times}")
    seen.append(found == (VALUES if expected == 7 else [10, 20, 30, 10]))
if not all(seen) or len(iio.imread("a.png", index=None)) != 4:
    sys.exit("it has changed")
PY
