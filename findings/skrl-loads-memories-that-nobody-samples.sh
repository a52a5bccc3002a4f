#!/usr/bin/env bash
# skrl's memories can be saved and loaded, but what is loaded is not what is sampled. load() puts the tensors of a file where the
# attributes of single tensors point, and leaves the ones that sample(), sample_all() and get_tensor_by_name() read, and the count of
# rows, as they were: a new memory stays empty, and a training that goes on from a saved replay learns from new rows alone, without a
# word. In a memory of 4 rows that is loaded from one that holds 1, 2, 3 and 4, len() is 0 and a row of NaN stands in each place;
# _tensor_x alone has the rows. Copy them in with set_tensor_by_name(), and set memory.filled or memory.memory_index.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q skrl==2.1.1 gymnasium==1.4.0 torch==2.13.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY' 2>log || { cat log; exit 1; }
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from skrl.memories.torch import RandomMemory

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("skrl", "torch")))


def memory():
    made = RandomMemory(memory_size=4, num_envs=1, device="cpu")
    made.create_tensor("x", size=1, dtype=torch.float32)
    return made


def add(to, number):
    to.add_samples(x=torch.tensor([[float(number)]]))


saved = memory()
for number in (1, 2, 3, 4):
    add(saved, number)
saved.save(".")
loaded = memory()
loaded.load(str(next(Path("memories").glob("*.pt"))))
found = [len(loaded), loaded._tensor_x.flatten().tolist(), bool(loaded.get_tensor_by_name("x").isnan().all())]
print(f"after load(): {found[0]} rows, the attribute holds {found[1]}, the tensor that is sampled holds nothing: {found[2]}")
add(loaded, 5)
found.append(loaded.sample(["x"], batch_size=4)[0][0].flatten().tolist())
print("after another row, 5, a batch of up to four is", found[3])
if found != [0, [1.0, 2.0, 3.0, 4.0], True, [5.0]]:
    sys.exit("it has changed")
PY
