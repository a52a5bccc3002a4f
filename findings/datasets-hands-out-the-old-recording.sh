#!/usr/bin/env bash
# Dataset.from_generator of Hugging Face's datasets turns recordings of one's own into a dataset: a function that reads a file, and the
# file's name. If the recording is mended afterwards, or a new one lies in its place, and the same script is run again, the old rows come
# back, from a cache in the home directory, in any later process, and nothing says so: the cache goes by the function's code and by the name, not by
# what lies there. load_dataset("parquet" or "json", data_files=...) looks at the file, and is a trap for just this reason: it does see the
# change. Giving the file's time or hash as one more argument of the function is a cure.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q datasets==5.2.0 pyarrow==26.0.1 numpy==2.4.6 pandas==3.1.1
cd "$place"
export HF_HOME="$place/cache" HF_HUB_OFFLINE=1
cat >convert.py <<'PY'
import json
import os

import datasets

datasets.disable_progress_bars()


def rows(path, changed=None):
    with open(path) as file:
        for value in json.load(file):
            yield {"reward": value}


named = datasets.Dataset.from_generator(rows, gen_kwargs={"path": "episode.json"})
timed = datasets.Dataset.from_generator(rows, gen_kwargs={"path": "episode.json", "changed": os.stat("episode.json").st_mtime_ns})
loaded = datasets.load_dataset("json", data_files="lines.json", split="train")
print(json.dumps([list(data["reward"]) for data in (named, timed, loaded)]))
PY
record() {
    echo "[$1, $2]" >episode.json
    printf '{"reward": %s}\n{"reward": %s}\n' "$1" "$2" >lines.json
}
venv/bin/python -c '
import sys
from importlib.metadata import version
print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("datasets", "pyarrow")))'
record 0 0
first=$(venv/bin/python convert.py)
record 1 1
second=$(venv/bin/python convert.py)
echo "rewards by from_generator, with the file's time as an argument, and by load_dataset: first $first, after mending $second"
[ "$first" = "[[0, 0], [0, 0], [0, 0]]" ] && [ "$second" = "[[0, 0], [1, 1], [1, 1]]" ] || { echo "it has changed"; exit 1; }
