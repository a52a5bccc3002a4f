#!/usr/bin/env bash
# What makes an episode of robosuite 1.5 come again? Not numpy.random.seed, which did until 1.4 and is what older code calls: it decides
# nothing any more, without a word. Not env.seed = 1, an attribute that is read once, when the environment is made. reset() takes no seed.
# With env.rng = numpy.random.default_rng(1) the arm's noise comes again, but the cube lies elsewhere: what places objects was handed the
# first generator, and keeps it. What works, for arm and objects, is to set the state of that generator: env.rng.bit_generator.state =
# numpy.random.default_rng(1).bit_generator.state.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q robosuite==1.5.2 mujoco==3.3.0 numpy==1.26.4

MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { cat "$place/said"; exit 1; }
from importlib.metadata import version

import numpy as np
import robosuite

print(", ".join(f"{name} {version(name)}" for name in ("robosuite", "mujoco", "numpy")))


def of_numpy(env):
    np.random.seed(1)


def attribute(env):
    env.seed = 1


def generator(env):
    env.rng = np.random.default_rng(1)


def state(env):
    env.rng.bit_generator.state = np.random.default_rng(1).bit_generator.state


env = robosuite.make(
    "Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False, renderer="mujoco", seed=0
)
ways = {
    "numpy.random.seed": (of_numpy, (False, False)),
    "env.seed =": (attribute, (False, False)),
    "the state of env.rng": (state, (True, True)),
    "env.rng =": (generator, (True, False)),
}
for name, (seed, expected) in ways.items():
    begun = []
    for _ in range(2):
        seed(env)
        begun.append(env.reset())
    same = tuple(bool(np.array_equal(*(each[key] for each in begun))) for key in ("robot0_joint_pos", "cube_pos"))
    print(f"{name}: arm {'again' if same[0] else 'different'}, cube {'again' if same[1] else 'different'}")
    if same != expected:
        raise SystemExit(f"it has changed: arm and cube again, {expected}, was seen before")
PY
