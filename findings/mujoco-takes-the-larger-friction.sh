#!/usr/bin/env bash
# Of two shapes that touch, MuJoCo uses the larger friction, and Bullet the product. A box of 1.0 on a floor of 0.2 stops in MuJoCo after
# 0.2 m, as on a floor of 1.0, and slides a metre in PyBullet; with 0.5 for both, it is 0.5 in MuJoCo and 0.25 in PyBullet. So friction
# that is copied from one to the other is another, and a floor whose friction is drawn anew for each episode changes nothing in MuJoCo
# for as long as it stays below that of the feet. Draw both, or give the floor priority="1", which then decides alone. Friction for
# rolling and twisting, the second and third number, does nothing unless condim is 4 or 6: a ball with 0.1 of it rolls as far.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q mujoco==3.17.0 pybullet==3.2.7 numpy==2.4.6
MUJOCO_GL=disable "$place/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import mujoco
import pybullet

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("mujoco", "pybullet", "numpy")))
SPEED, GRAVITY = 2.0, 9.81


def in_mujoco(floor, box, attributes=""):
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <worldbody>
            <geom type="plane" size="9 9 1" friction="{floor}" {attributes}/>
            <body pos="0 0 0.1"><freejoint/><geom type="box" size="0.1 0.1 0.1" friction="{box}"/></body>
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    data.qvel[0] = SPEED
    for _ in range(3000):
        mujoco.mj_step(model, data)
    return float(data.qpos[0])


def in_bullet(floor, box):
    pybullet.resetSimulation()
    pybullet.setGravity(0, 0, -GRAVITY)
    pybullet.setTimeStep(0.002)
    ground = pybullet.createMultiBody(0, pybullet.createCollisionShape(pybullet.GEOM_PLANE))
    cube = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=[0.1] * 3)
    body = pybullet.createMultiBody(1, cube, basePosition=[0, 0, 0.1])
    pybullet.changeDynamics(ground, -1, lateralFriction=floor)
    pybullet.changeDynamics(body, -1, lateralFriction=box, linearDamping=0, angularDamping=0)
    for _ in range(50):
        pybullet.stepSimulation()
    pybullet.resetBaseVelocity(body, [SPEED, 0, 0])
    start = pybullet.getBasePositionAndOrientation(body)[0][0]
    for _ in range(3000):
        pybullet.stepSimulation()
    return pybullet.getBasePositionAndOrientation(body)[0][0] - start


def rolls(attributes):
    model = mujoco.MjModel.from_xml_string(f"""
        <mujoco>
          <worldbody>
            <geom type="plane" size="99 99 1"/>
            <body pos="0 0 0.1"><freejoint/><geom size="0.1" {attributes}/></body>
          </worldbody>
        </mujoco>""")
    data = mujoco.MjData(model)
    data.qvel[[0, 4]] = 1, 10
    for _ in range(3000):
        mujoco.mj_step(model, data)
    return float(data.qpos[0])


pybullet.connect(pybullet.DIRECT)
wrong = []
for floor, box in ((0.2, 1.0), (1.0, 0.2), (1.0, 1.0), (0.5, 0.5)):
    slides = {"MuJoCo": in_mujoco(floor, box), "PyBullet": in_bullet(floor, box), "MuJoCo, floor with priority": in_mujoco(floor, box, 'priority="1"')}
    frictions = [SPEED**2 / (2 * GRAVITY * way) for way in slides.values()]
    print(f"floor {floor}, box {box}:", "; ".join(f"{name} {way:.2f} m, as friction {mu:.2f}" for (name, way), mu in zip(slides.items(), frictions)))
    wrong += [abs(mu / rule - 1) > 0.25 for mu, rule in zip(frictions, (max(floor, box), floor * box, floor))]
ways = [rolls(attributes) for attributes in ("", 'friction="1 0.1 0.1"', 'friction="1 0.1 0.1" condim="6"')]
print("a ball at 1 m/s rolls in 6 s {:.2f} m, {:.2f} m with 0.1 for rolling, {:.2f} m with condim 6, too".format(*ways))
if any(wrong) or abs(ways[0] - ways[1]) > 1e-9 or ways[2] > ways[0] / 2:
    sys.exit("it has changed")
PY
