#!/usr/bin/env bash
# ahrs has a dozen filters that make an orientation of gyroscope, accelerometer and magnetometer, all called alike:
# Madgwick(gyr=..., acc=..., mag=...).Q. One would change one for another to compare them. A sensor that stands still, its magnetic north,
# gravity and units the same for all: Madgwick, Complementary, Fourati, FAMC and Tilt agree to a tenth of a degree on its attitude, with x
# north and z up. Mahony says the same roll and pitch, and a heading that is a quarter turn further, as y is north to it. AQUA (without
# a magnetometer) and SAAM return the inverse rotation, which AQUA's theory says in passing; Q itself is described alike in all of them.
# Joined with a robot's other poses, or compared by their errors, they are off by 90 degrees, or turn the other way.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
pip() { "$place/venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q ahrs==0.4.0 numpy==2.4.6 scipy==1.17.1
"$place/venv/bin/python" - <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from ahrs import filters
from scipy.spatial.transform import Rotation

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("ahrs", "numpy", "scipy")))
STEPS = 6000  # a minute at 100 Hz
NORTH_AND_DOWN = np.array([20.0, 0.0, -40.0])  # microtesla, where x is magnetic north and z is up


def attitude(quaternion):
    """Of a quaternion, scalar first, the rotation it stands for."""
    return Rotation.from_quat(np.roll(quaternion, -1))


def still(turn):
    """What a sensor measures that stands so: its rates, specific force and magnetic field."""
    force, field = turn.inv().apply([0, 0, 9.81]), turn.inv().apply(NORTH_AND_DOWN)
    return {"gyr": np.zeros((STEPS, 3)), "acc": np.tile(force, (STEPS, 1)), "mag": np.tile(field, (STEPS, 1))}


def seen(turn):
    every = still(turn)
    static = {"acc": every["acc"], "mag": every["mag"]}
    moving = {"gyr": every["gyr"], "acc": every["acc"]}
    found = {name: getattr(filters, name)(**every, frequency=100.0).Q[-1] for name in ("Madgwick", "Complementary", "Fourati", "Mahony")}
    found |= {name: getattr(filters, name)(**static).Q[-1] for name in ("FAMC", "Tilt", "SAAM")}
    return found | {"AQUA": filters.AQUA(**moving, frequency=100.0).Q[-1]}


def close(one, other):
    return (one.inv() * other).magnitude() < np.radians(0.2)


def up(turn, force):
    """Whether ``turn`` takes what is felt while standing still to straight up: all that is known without a magnetometer."""
    return np.allclose(turn.apply(force), [0, 0, 9.81], atol=0.02)


changed = False
for heading in (0, 45, 170):
    turn = Rotation.from_euler("ZYX", [heading, 10, 20], degrees=True)
    quarter = Rotation.from_euler("z", 90, degrees=True)
    kinds = {"as it stands": turn, "a quarter turn further": quarter * turn, "the inverse": turn.inv()}
    told = {}
    force = turn.inv().apply([0, 0, 9.81])
    for name, quaternion in seen(turn).items():
        found = attitude(quaternion)
        told[name] = next((kind for kind, of in kinds.items() if close(found, of)), "another")
        if name == "AQUA" and up(found.inv(), force) and not up(found, force):
            told[name] = "the inverse"
    print(f"heading {heading}, pitch 10, roll 20:", ", ".join(f"{name}: {kind}" for name, kind in told.items()))
    expected = dict.fromkeys(("Madgwick", "Complementary", "Fourati", "FAMC", "Tilt"), "as it stands")
    expected |= {"Mahony": "a quarter turn further", "SAAM": "the inverse", "AQUA": "the inverse"}
    changed |= told != expected
if changed:
    sys.exit("it has changed")
PY
