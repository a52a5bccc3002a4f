#!/usr/bin/env bash
# TensorFlow Datasets takes a feature of float64, says float64 in features.json, and gives float64 back, but has kept no more than 32 bits
# of each number: tf.train.Example, in which it writes TFRecord files, knows no wider ones, and nothing warns. A robot's clock in seconds
# since 1970, the usual reason for float64 in the steps of an RLDS dataset, comes back in jumps of 128 seconds: all steps of a short
# episode have the same time. A tensor with encoding="bytes" (or "zlib") keeps all 64 bits, and so do whole nanoseconds as int64.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q tensorflow-datasets==4.9.10 tensorflow-cpu==2.21.0 numpy==2.4.6 protobuf==7.36.2
cd "$place"
TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python - 2>errors <<'PY' || { cat errors >&2; exit 1; }
import sys
from importlib.metadata import version

import numpy as np
import tensorflow_datasets as tfds

BEGIN, STEPS = 1_700_000_000, 5
SECONDS = BEGIN + np.arange(STEPS) / 10


class Clock(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        plain, packed = (tfds.features.Tensor(shape=(), dtype=np.float64, encoding=how) for how in ("none", "bytes"))
        step = {"plain": plain, "packed": packed, "nanoseconds": np.int64}
        features = tfds.features.FeaturesDict({"steps": tfds.features.Dataset(step)})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, download_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        times = [{"plain": time, "packed": time, "nanoseconds": round(time * 1e9)} for time in SECONDS]
        yield 0, {"steps": times}


builder = Clock(data_dir="data")
builder.download_and_prepare()
(episode,) = builder.as_dataset(split="train")
steps = list(tfds.as_numpy(episode["steps"]))
plain, packed, whole = (np.array([step[name] for step in steps]) for name in ("plain", "packed", "nanoseconds"))
print(*(f"{name} {version(name)}" for name in ("tensorflow-datasets", "tensorflow-cpu")), sep=", ")
print("written:", *SECONDS)
print(f"read as {plain.dtype}:", *plain)
print(f"read as {packed.dtype}, encoding bytes:", *packed)
apart = plain - SECONDS
seen = plain.dtype == np.float64 and len(set(plain)) == 1 and (plain == SECONDS.astype(np.float32)).all()
kept = (packed == SECONDS).all() and (whole == [round(time * 1e9) for time in SECONDS]).all()
print(f"the plain ones are off by up to {np.abs(apart).max():.1f} seconds, and are all the same")
if not (seen and kept):
    sys.exit("it has changed")
PY
