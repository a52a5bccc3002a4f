"""dm_control's access to MuJoCo's arrays by name, with a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dm_control.mujoco.engine import NamedIndexStructs
from dm_control.mujoco.index import FieldIndexer, make_struct_indexer

if TYPE_CHECKING:
    from dm_control.mujoco import Physics


def remember_names(physics: Physics) -> None:
    """Make ``physics.named``, which tasks read in every reward, look each name up once."""
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
    """Return what stands for one axis' part of a key in a dictionary."""
    if type(item) is list:
        return (list, *item)
    if type(item) is slice:
        return slice, item.start, item.stop, item.step
    return item
