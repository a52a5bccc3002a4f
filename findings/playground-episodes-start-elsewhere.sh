#!/usr/bin/env bash
# MuJoCo Playground names its tasks after dm_control's, and some start elsewhere. BallInCup starts each episode with the ball hanging at
# rest below the cup, whatever the key; in dm_control the ball is dropped from a random place, near or over the cup. PendulumSwingup starts
# between 0 and 180 degrees, on one side alone; in dm_control all round. Returns and learning curves of the two are not to be compared,
# and a policy that is trained in one half has not been asked about the other. Tasks' physics differ, too: iterations of the solver and
# integrators have been cut for speed, and the fish is a ball within (its torso has four times the mass).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q playground==0.2.0 mujoco==3.17.0 mujoco-mjx==3.17.0 brax==0.14.2 jax==0.10.2 \
    jaxlib==0.10.2 warp-lang==1.19.0 dm-control==1.0.50 numpy==2.4.6
JAX_PLATFORMS=cpu MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { tail -5 "$place/said"; exit 1; }
import sys
from importlib.metadata import version
from pathlib import Path

import jax
import mujoco
import mujoco_playground
import numpy as np
from dm_control import suite
from mujoco_playground import dm_control_suite
from mujoco_playground._src.dm_control_suite import common

names = ("playground", "dm-control", "mujoco", "mujoco-mjx", "jax")
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in names))
STARTS = 200


def port(name):
    env = dm_control_suite.load(name, config_overrides={"impl": "jax"})
    keys = jax.random.split(jax.random.PRNGKey(0), STARTS)
    return np.array(jax.jit(jax.vmap(lambda key: env.reset(key).data.qpos))(keys))


def plain(domain, task):
    env = suite.load(domain, task, task_kwargs={"random": 0})
    rows = []
    for _ in range(STARTS):
        env.reset()
        rows.append(env.physics.data.qpos.copy())
    return np.array(rows)


def angles(rows):
    turned = np.degrees((rows + np.pi) % (2 * np.pi) - np.pi)
    return float(turned.min()), float(turned.max())


ours, theirs = angles(port("PendulumSwingup")), angles(plain("pendulum", "swingup"))
print("the pendulum starts between {:.0f} and {:.0f} degrees in Playground,".format(*ours), "between {:.0f} and {:.0f} in dm_control".format(*theirs))
balls = port("BallInCup"), plain("ball_in_cup", "catch")
different = [len(np.unique(rows.round(6), axis=0)) for rows in balls]
print(f"ball in cup: of {STARTS} starts {different[0]} is different in Playground, {different[1]} in dm_control")
folder = Path(mujoco_playground.__file__).parent / "_src" / "dm_control_suite" / "xmls"
fish = mujoco.MjModel.from_xml_string((folder / "fish.xml").read_text(), common.get_assets())
masses = [float(model.body("torso").mass[0]) for model in (fish, suite.load("fish", "swim").physics.model.ptr)]
print(f"the fish's torso weighs {masses[0]:.4f} kg in Playground, {masses[1]:.4f} kg in dm_control")
if not (ours[0] >= 0 and ours[1] > 150 and theirs[0] < -150 and theirs[1] > 150 and different == [1, STARTS]):
    sys.exit(f"it has changed: {ours}, {theirs}, {different}")
if not 3 < masses[0] / masses[1] < 10:
    sys.exit(f"it has changed: {masses}")
PY
