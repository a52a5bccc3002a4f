#!/usr/bin/env bash
# Depth in millimetres goes into a WebDataset as a PNG of 16 bits, exactly: TarWriter writes an array of uint16 so. Read with any of the
# picture specifications, .decode("pil") as well as "rgb", "rgb8" or "l8", it comes back in 8 bits, and not scaled but cut: all that is farther than
# 255 mm is 255, or 1.0. "pil" sounds like the picture as it is, and is one of RGB like all the others: a specification holds for every
# picture of a sample, so depth and labels beside a colour picture get it, too. A handler of one's own before it,
# .decode(wds.handle_extension("depth.png", read), "rgb8"), gives the depth as it was written.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q webdataset==1.0.2 pillow==13.0.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import io
import sys
from importlib.metadata import version

import numpy as np
import webdataset as wds
from PIL import Image

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("webdataset", "pillow", "numpy")))
DEPTH = np.array([[0, 100, 255, 256, 1000, 5000]], np.uint16)


def read(data):
    return np.asarray(Image.open(io.BytesIO(data)))


with wds.TarWriter("one.tar") as writer:
    writer.write({"__key__": "000", "rgb.png": np.zeros((1, 6, 3), np.uint8), "depth.png": DEPTH})


def decoded(*how):
    data = wds.WebDataset("one.tar", shardshuffle=False)
    return next(iter(data.decode(*how) if how else data))


raw = decoded()
stored = read(raw["depth.png"])
print("written", DEPTH.tolist(), "stored", stored.dtype, stored.tolist())
seen = [(stored == DEPTH).all()]
for how in ("pil", "rgb", "rgb8", "l8"):
    pixels = np.asarray(decoded(how)["depth.png"])
    first = pixels[..., 0] if pixels.ndim == 3 else pixels
    print(f"decode({how!r}): {pixels.dtype} {pixels.shape} {first.round(3).tolist()}")
    cut = DEPTH.clip(0, 255)
    seen.append(np.allclose(first, cut / 255 if first.dtype == np.float32 else cut))
own = decoded(wds.handle_extension("depth.png", read), "rgb8")["depth.png"]
print("a handler of one's own:", own.tolist())
if not all(seen) or (own != DEPTH).any():
    sys.exit("it has changed")
PY
