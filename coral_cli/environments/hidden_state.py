"""What a simulator knows of its state, by name, whether or not a sensor shows it."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

TARGET = "target"
"""Geoms, sites and bodies with this word in their name are what a task aims at."""

_FREE, _BALL = int(mujoco.mjtJoint.mjJNT_FREE), int(mujoco.mjtJoint.mjJNT_BALL)
_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)


def hidden_state(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, np.ndarray]:
    """Return positions and velocities of all joints, and the places of targets, as copies (D,) by name.

    A hinge's angle is its cosine and sine, an orientation a rotation matrix (9,); metres, radians and seconds.
    """
    joints = [(index, model.joint(index).name or f"joint {index}") for index in range(model.njnt)]
    state = {name: value for index, joint in joints for name, value in _position(model, data, index, joint)}
    state |= {name: value for index, joint in joints for name, value in _velocity(model, data, index, joint)}
    return {name: np.array(value, np.float64) for name, value in (state | _targets(model, data)).items()}


def _position(
    model: mujoco.MjModel, data: mujoco.MjData, index: int, name: str
) -> Iterator[tuple[str, np.ndarray | list[float]]]:
    kind, values = int(model.jnt_type[index]), data.qpos[model.jnt_qposadr[index] :]
    if kind == _SLIDE:
        yield f"{name} position", values[:1]
    elif kind in (_FREE, _BALL):
        if kind == _FREE:
            yield f"{name} position", values[:3]
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, values[3:7] if kind == _FREE else values[:4])
        yield f"{name} orientation", rotation
    else:
        yield f"{name} angle", [np.cos(values[0]), np.sin(values[0])]


def _velocity(
    model: mujoco.MjModel, data: mujoco.MjData, index: int, name: str
) -> Iterator[tuple[str, np.ndarray | list[float]]]:
    kind, values = int(model.jnt_type[index]), data.qvel[model.jnt_dofadr[index] :]
    if kind == _SLIDE:
        yield f"{name} velocity", values[:1]
    elif kind == _FREE:
        yield f"{name} velocity", values[:3]
        yield f"{name} angular velocity", values[3:6]
    else:
        yield f"{name} angular velocity", values[: 3 if kind == _BALL else 1]


def _targets(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, np.ndarray]:
    """Return where targets are (3,); of a body and what it is made of, one place under the same name."""
    kinds = (
        ("body", model.nbody, data.xpos),
        ("site", model.nsite, data.site_xpos),
        ("geom", model.ngeom, data.geom_xpos),
    )
    return {
        f"{name} position": places[index]
        for kind, count, places in kinds
        for index in range(count)
        if TARGET in (name := getattr(model, kind)(index).name)
    }
