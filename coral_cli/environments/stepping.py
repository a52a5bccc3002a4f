"""Steps of MuJoCo with the same results as dm_control's, without what that does around each of them."""

from __future__ import annotations

import sys

import mujoco
import numpy as np

_RK4 = int(mujoco.mjtIntegrator.mjINT_RK4)


class UnstableError(RuntimeError):
    """MuJoCo has warned of an invalid state, which it throws away."""


def is_unstable(error: RuntimeError) -> bool:
    """Return whether an error says that the simulation is unstable: ours, or dm_control's PhysicsError."""
    control = sys.modules.get("dm_control.rl.control")
    return isinstance(error, UnstableError) or (control is not None and isinstance(error, control.PhysicsError))


def advance(model: mujoco.MjModel, data: mujoco.MjData, substeps: int) -> None:
    """Simulate ``substeps`` with the controls in ``data``, as ``Physics.step`` does.

    What derives from positions and velocities must be up to date before, and is so after.
    """
    if model.opt.integrator == _RK4:
        mujoco.mj_step(model, data, substeps)
    else:
        mujoco.mj_step2(model, data)
        if substeps > 1:
            mujoco.mj_step(model, data, substeps - 1)
    mujoco.mj_step1(model, data)


def checked_advance(model: mujoco.MjModel, data: mujoco.MjData, substeps: int) -> None:
    """Do what ``advance`` does. Raises UnstableError when MuJoCo warns of an invalid state."""
    warnings = data.warning.number
    before = warnings.tobytes()
    advance(model, data, substeps)
    if warnings.tobytes() != before:
        new = warnings > np.frombuffer(before, warnings.dtype)
        names = [name for name, raised in zip(mujoco.mjtWarning.__members__, new, strict=False) if raised]
        raise UnstableError(f"the simulation has become unstable ({', '.join(names)}).")
