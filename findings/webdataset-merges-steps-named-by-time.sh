#!/usr/bin/env bash
# Robots name what they record by the time in seconds, 1700000000.1 and so on. WebDataset takes all before the first dot of a file's name
# as the sample's key, and all behind it as the name of a field: so all steps of one second are one sample, with fields "1.json", "2.json"
# and so on, and a decoder goes by what stands behind the last dot and is content. TarWriter takes such a key without a word, though it
# writes what will not come back: of 30 samples written, 3 are read. A key of whole nanoseconds, or with another sign than a dot, is safe.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q webdataset==1.0.2 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import webdataset as wds

print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("webdataset", "numpy")))


def read(keys):
    with wds.TarWriter("steps.tar") as writer:
        for step, key in enumerate(keys):
            writer.write({"__key__": key, "json": {"step": step}})
    return list(wds.WebDataset("steps.tar", shardshuffle=False).decode())


tenths = [17_000_000_000 + step for step in range(30)]
dotted = read([f"{tenth / 10:.1f}" for tenth in tenths])
whole = read([str(tenth * 10**8) for tenth in tenths])
names = [[name for name in sample if name.endswith("json")] for sample in dotted]
print(f"30 samples written; by seconds with a dot {len(dotted)} are read, by whole nanoseconds {len(whole)}")
print("the first by seconds is", dotted[0]["__key__"], "and holds", ", ".join(names[0]))
right = len(whole) == 30 and [sample["json"]["step"] for sample in whole] == list(range(30))
merged = len(dotted) == 3 and all(len(one) == 10 for one in names) and dotted[0]["7.json"] == {"step": 7}
if not (right and merged):
    sys.exit("it has changed")
PY
