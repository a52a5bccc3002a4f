"""Steps of dm_control's physics, with the same results, without what it does around each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np
from dm_control.mujoco.engine import NamedIndexStructs
from dm_control.mujoco.index import FieldIndexer, make_struct_indexer
from dm_control.rl.control import PhysicsError

if TYPE_CHECKING:
    from dm_control.mujoco import Physics

_RK4 = int(mujoco.mjtIntegrator.mjINT_RK4)


def advance(model: mujoco.MjModel, data: mujoco.MjData, substeps: int) -> None:
    """As ``Physics.step``: simulates ``substeps`` with the controls in ``data``.

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
    """As ``advance``. Raises dm_control's PhysicsError when MuJoCo warns of an invalid state."""
    warnings = data.warning.number
    before = warnings.tobytes()
    advance(model, data, substeps)
    if warnings.tobytes() != before:
        new = warnings > np.frombuffer(before, warnings.dtype)
        names = [name for name, raised in zip(mujoco.mjtWarning.__members__, new, strict=False) if raised]
        raise PhysicsError(f"the simulation has become unstable ({', '.join(names)}).")


def remember_names(physics: Physics) -> None:
    """Makes ``physics.named``, which tasks read in every reward, look each name up once."""
    named = zip((physics.model, physics.data), physics.named, strict=True)
    physics._named = NamedIndexStructs(*(_remembering(struct, indexers) for struct, indexers in named))


def _remembering(struct: Any, indexers: Any) -> Any:
    return make_struct_indexer({
        name: _Remembering(struct, name, indexer.axes) for name, indexer in indexers._asdict().items()
    })  # fmt: skip


class _Remembering(FieldIndexer):  # type: ignore[misc] # dm_control has no types
    __slots__ = ("_known",)

    def __init__(self, *field: Any) -> None:
        super().__init__(*field)
        self._known: dict[Any, Any] = {}

    def _convert_key(self, key: Any) -> Any:
        label = tuple(map(_label, key)) if type(key) is tuple else _label(key)
        try:
            return self._known[label]
        except KeyError:
            index = self._known[label] = super()._convert_key(key)
            return index
        except TypeError:  # an array cannot be looked up
            return super()._convert_key(key)


def _label(item: Any) -> Any:
    """Stands for one axis' part of a key in a dictionary."""
    if type(item) is list:
        return (list, *item)
    if type(item) is slice:
        return slice, item.start, item.stop, item.step
    return item
