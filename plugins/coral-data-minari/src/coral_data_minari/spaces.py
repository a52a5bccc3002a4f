"""Gymnasium's spaces as Minari writes them down, as far as they say what an array holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import UnreadableError

LARGEST = 1 << 22
"""Numbers of one value, at most."""
SIDE = 32
"""Pixels of a side from which Minari takes numbers from 0 to 255 for a picture, which it may store as JPEG."""


@dataclass(frozen=True)
class Leaf:
    """An array that a space describes: where it stands, and what one value is.

    ``other`` is the type of a space that describes no array, such as text.
    """

    path: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    picture: bool
    other: str = ""

    @property
    def name(self) -> str:
        """The name by which it can be chosen."""
        return "/".join(self.path) or "observation"

    @property
    def form(self) -> str:
        """What it holds, in a word or two."""
        return self.other or f"{self.dtype} of {'x'.join(map(str, self.shape))}"


def described(metadata: Mapping[str, Any]) -> tuple[tuple[NDArray[Any], NDArray[Any]], dict[str, Leaf]]:
    """Return the bounds of actions, and by name what is in an observation.

    Raises UnreadableError for metadata that do not describe both.
    """
    try:
        limits = bounds(parsed(metadata.get("action_space"), "action_space"))
        found = leaves(parsed(metadata.get("observation_space"), "observation_space"))
        return limits, {leaf.name: leaf for leaf in found}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"its metadata hold spaces of another form than Gymnasium's ({error}).") from error


def leaves(space: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield what is in a space: arrays of numbers, and what is none."""
    kind = space.get("type")
    if kind == "Dict":
        for name, inner in space["subspaces"].items():
            yield from leaves(inner, (*path, name))
    elif kind == "Tuple":
        for number, inner in enumerate(space["subspaces"]):
            yield from leaves(inner, (*path, f"_index_{number}"))
    elif kind in ("Box", "Discrete", "MultiDiscrete", "MultiBinary"):
        shape, dtype = _form(space, kind)
        picture = kind == "Box" and dtype == "uint8" and len(shape) in (2, 3) and min(shape[:2]) >= SIDE
        yield Leaf(path, shape, dtype, picture)
    else:
        yield Leaf(path, (), "", picture=False, other=str(kind).lower())


def bounds(space: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the lowest and the highest value (A,) of a Box. Raises UnreadableError for actions that are no Box."""
    if space.get("type") != "Box":
        raise UnreadableError(f"its actions are {space.get('type')}, and a policy's are a Box.")
    low, high = (np.asarray(space[side], np.float64).reshape(-1) for side in ("low", "high"))
    return low, high


def parsed(text: object, name: str) -> dict[str, Any]:
    """Return the space that Minari's metadata holds as text."""
    if not isinstance(text, str):
        raise UnreadableError(f"its metadata say no {name}.", "Minari 0.5 writes it: convert the dataset with that.")
    space = json.loads(text)
    if not isinstance(space, dict):
        raise UnreadableError(f"its metadata hold no {name}, but {type(space).__name__}.")
    return space


def _form(space: Mapping[str, Any], kind: str) -> tuple[tuple[int, ...], str]:
    if kind == "Box":
        shape = tuple(int(side) for side in space["shape"])
        if int(np.prod(shape)) > LARGEST:
            raise UnreadableError(f"a value of shape {shape} is larger than any sensor's.")
        return shape, str(np.dtype(space["dtype"]))
    if kind == "MultiDiscrete":
        return np.shape(space["nvec"]), "int64"
    if kind == "MultiBinary":
        size = space["n"]
        return tuple(size) if isinstance(size, list) else (int(size),), "int8"
    return (), "int64"
