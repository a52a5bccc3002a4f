#!/usr/bin/env bash
# Crafter takes a seed, and draws all its chances from one generator of its own: the same seed and the same actions should be the same episode.
# They are not. The map and the first steps are the same, but which creature is taken away, where there are too many, is drawn
# by its place in a set of Python objects, whose order goes by where they lie in memory. So two environments of one process
# part, here after 10 to 200 steps: another zombie goes, other numbers are drawn from then on, and pictures, rewards and ends of
# episodes differ. What was recorded as seed and actions cannot be replayed, and paired comparisons by seed are paired for the maps alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q crafter==1.8.3 numpy==2.4.6 pillow==12.0.0
"$place/venv/bin/python" -W ignore - <<'PY'
import itertools
import sys
from importlib.metadata import version

import crafter
import numpy as np

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("crafter", "numpy")))
SEEDS, STEPS = (0, 1, 5), 200


def episode(seed):
    """Give pictures, rewards and ends of random actions, up to the first end or the last step."""
    environment, draw = crafter.Env(seed=seed), np.random.default_rng(seed)
    seen = [(environment.reset().tobytes(), 0.0, False)]
    while len(seen) <= STEPS and not seen[-1][2]:
        picture, reward, over, _ = environment.step(int(draw.integers(environment.action_space.n)))
        seen.append((picture.tobytes(), float(reward), bool(over)))
    return seen


def parting(seed, before=lambda: None):
    """Give the step where two episodes begin to differ, their lengths, and their returns."""
    runs = []
    kept = []
    for _ in range(3):
        before()
        runs.append(episode(seed))
        kept.append([object() for _ in range(1001)])  # Whatever else a program makes moves later objects in memory.
    parts = [k for run in runs[1:] for k, (one, other) in enumerate(zip(runs[0], run)) if one != other]
    return min(parts, default=None), [len(run) - 1 for run in runs], [round(sum(row[1] for row in run), 1) for run in runs]


def number_objects():
    """Let the order of sets go by the order in which objects are first put into one."""
    numbers = itertools.count()
    crafter.objects.Object.__hash__ = lambda self: self.__dict__.setdefault("number", next(numbers))


plain = [parting(seed) for seed in SEEDS]
for seed, (step, lengths, returns) in zip(SEEDS, plain):
    print(f"seed {seed}, three times the same actions: alike up to step {step}, lengths {lengths}, returns {returns}")
numbered = [parting(seed, number_objects)[0] for seed in SEEDS]
print("with objects whose hash does not go by their place in memory, they part at", numbered)
if all(step is None for step, _, _ in plain) or any(step is not None for step in numbered):
    sys.exit("it has changed")
PY
