#!/usr/bin/env bash
# MuJoCo Playground's ports of dm_control's tasks are not the same decision problems. In AcrobotSwingup an observation is of two moments:
# the velocities are those after the action, the angles those before it; and the reward is for the angles before it, so that it is the
# same whatever the action was. mjx.step() works out where bodies are at its beginning, and tasks whose action is one physics step
# (acrobot, cartpole, cheetah, point mass) read that at its end; those of several steps lag by a part of an action. dm_control returns
# angles, velocities and reward of the moment after the action.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q playground==0.2.0 mujoco==3.17.0 mujoco-mjx==3.17.0 brax==0.14.2 jax==0.10.2 \
    jaxlib==0.10.2 warp-lang==1.19.0 dm-control==1.0.50 numpy==2.4.6
JAX_PLATFORMS=cpu MUJOCO_GL=disable "$place/venv/bin/python" - 2>"$place/said" <<'PY' || { tail -5 "$place/said"; exit 1; }
import sys
from importlib.metadata import version

import jax
import numpy as np
from dm_control import suite
from mujoco_playground import dm_control_suite

names = ("playground", "dm-control", "mujoco", "mujoco-mjx", "jax")
print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in names))
STEPS, LAST = 30, (-1.0, 0.0, 1.0)  # three episodes that differ in their last action alone
START = np.array([0.3, 0.5])  # rad, nearly upright
actions = np.repeat(np.random.default_rng(0).uniform(-1, 1, (STEPS, 1, 1)), 3, 1).astype(np.float32)
actions[-1, :, 0] = LAST


def upright(angles):
    """Return sine and cosine of both arms against the vertical, from shoulder and elbow."""
    absolute = np.cumsum(angles, axis=-1)
    return np.concatenate([np.sin(absolute), np.cos(absolute)], -1)


def weigh(name, angles, observed, rewards):
    same, before = (np.abs(observed[at:, 0] - upright(angles[: len(angles) - at, 0])).max() for at in (0, 1))
    spread = float(np.ptp(rewards[-1]))
    print(f"{name}: observed angles are up to {same:.3f} from those after the action, {before:.3f} from those before it; "
          f"three last actions change the last reward, {rewards[-1, 1]:.3f}, by {spread:.1e}")
    return same, before, spread


env = dm_control_suite.load("AcrobotSwingup", config_overrides={"impl": "jax"})


def play(key, actions):
    def step(state, action):
        state = jax.vmap(env.step)(state, action)
        return state, (state.data.qpos, state.obs[:, :4], state.reward)

    first = jax.vmap(env.reset)(jax.numpy.stack([key] * 3))
    first = first.replace(data=first.data.replace(qpos=jax.numpy.tile(START, (3, 1))))
    return jax.lax.scan(step, first, actions)[1]


port = weigh("Playground", *(np.array(part) for part in jax.jit(play)(jax.random.PRNGKey(1), actions)))
rows = []
for episode in range(3):
    original = suite.load("acrobot", "swingup", task_kwargs={"random": 1})
    original.reset()
    with original.physics.reset_context():
        original.physics.data.qpos[:] = START
    for action in actions[:, episode]:
        step = original.step(action)
        rows.append((original.physics.data.qpos.copy(), step.observation["orientations"], step.reward))
parts = (np.array(part).reshape(3, STEPS, *np.shape(part[0])).swapaxes(0, 1) for part in zip(*rows))
plain = weigh("dm_control", *parts)
if not (port[0] > 0.02 and port[1] < 1e-4 and port[2] == 0 and plain[0] < 1e-9 and plain[1] > 0.02 and plain[2] > 1e-5):
    sys.exit(f"it has changed: {port}, {plain}")
PY
