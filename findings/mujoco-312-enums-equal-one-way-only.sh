#!/usr/bin/env bash
# From MuJoCo 3.12 on, an enum of its Python bindings no longer equals the number that a model holds, one way round: jnt_type[0] ==
# mjtJoint.mjJNT_HINGE is still true, but mjtJoint.mjJNT_HINGE == jnt_type[0] is false (the other is a NumPy int32; with a plain int both are
# true). Python's `in` asks the second way, so `jnt_type[0] in (mjtJoint.mjJNT_HINGE, mjtJoint.mjJNT_SLIDE)` is false for every joint. Gymnasium-Robotics
# asserts exactly that, and asks pip for any mujoco>=2.2: with a newer MuJoCo, Fetch, the Shadow hand and the kitchen end in an AssertionError
# without a word, at the first reset or already when they are made; Adroit and the mazes work. 3.11 is the newest that all work with.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/venv"
install() { python3 -m pip --python "$place/venv/bin/python" --disable-pip-version-check install -q --no-compile "$@" >&2; }
install gymnasium==1.4.0 gymnasium-robotics==1.4.2 numpy==2.4.6 mujoco==3.11.0

look() {
    install "mujoco==$1"
    MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY' 2>"$place/log" || { cat "$place/log" >&2; exit 1; }
from importlib.metadata import version

import gymnasium
import gymnasium_robotics
import mujoco

gymnasium.register_envs(gymnasium_robotics)
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><body><joint/><geom size='1'/></body></worldbody></mujoco>")
kind, hinge = model.jnt_type[0], mujoco.mjtJoint.mjJNT_HINGE


def made(name):
    try:
        gymnasium.make(name).reset(seed=0)
    except AssertionError as error:
        return f"AssertionError {str(error)!r}"
    return "reset"


found = [f"number == enum {kind == hinge}, enum == number {hinge == kind}, in {kind in (hinge,)}"]
found += [f"{name} {made(name)}" for name in ("FetchReach-v4", "HandReach-v3", "AdroitHandDoor-v1")]
print(f"mujoco {version('mujoco')}:", "; ".join(found))
PY
}

old=$(look 3.11.0)
new=$(look 3.12.0)
newest=$(look 3.17.0)
printf '%s\n' "$old" "$new" "$newest"
good="number == enum True, enum == number True, in True; FetchReach-v4 reset; HandReach-v3 reset; AdroitHandDoor-v1 reset"
bad="number == enum True, enum == number False, in False; FetchReach-v4 AssertionError ''; HandReach-v3 AssertionError ''; AdroitHandDoor-v1 reset"
[ "$old" = "mujoco 3.11.0: $good" ] && [ "$new" = "mujoco 3.12.0: $bad" ] && [ "$newest" = "mujoco 3.17.0: $bad" ] ||
    { echo "it has changed"; exit 1; }
