"""An RLDS dataset as a recording: steps (o_t, a_t, r_t), of the last of which only the observation counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import RecordedEpisode, Sensor, UnreadableError, UsageError
from coral_cli.plugin_recordings import read_json, sensor_of
from coral_data_rlds.examples import blobs, features
from coral_data_rlds.leaves import Leaf, kinds, leaves
from coral_data_rlds.records import Shards

if TYPE_CHECKING:
    from coral_data_rlds import RldsOptions

TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
JPEG = b"\xff\xd8\xff"
"""How a file begins whose pictures have lost detail."""
SUCCESS = "episode_metadata/success"


class RldsRecording:
    """The dataset in the directory ``root``."""

    bounds = None
    fps = None

    def __init__(self, options: RldsOptions, root: Path) -> None:
        self._options, self._root = options, root
        self._shards = _shards(root, options.split)
        self.episodes = len(self._shards)
        self._leaves, self._kinds = _parts_of_a_step(root)
        self._action = self._parts(options.action)
        self.action_size = sum(int(np.prod(leaf.shape)) for leaf in self._action)
        first = features(self._shards[0]) if self.episodes else {}
        self.sensors = dict(self._found_sensors(first))
        pictures = (self._leaves[name] for name in self.sensors if self._leaves[name].packed == "picture")
        self.lossy = any(
            bytes(blob[:3]) == JPEG for leaf in pictures for blob in blobs(first[f"steps/{leaf.name}"])[:1]
        )
        self._paid: set[int] = set()
        self._ends: dict[int, bool] = {}

    @property
    def notes(self) -> list[str]:
        """What a user must know of how it was read, in sentences."""
        told = []
        if len(self._action) > 1:
            told.append(f"an action is {', '.join(leaf.name for leaf in self._action)}, in this order.")
        if left_out := ", ".join(f"{name} ({self._kinds[name]})" for name in self._left_out()):
            told.append(f"not numbers or pictures of a form that is read, and left out: {left_out}.")
        if self._paid:
            told.append(
                f"the step that is_last has a reward, where RLDS has none, in {len(self._paid)} of the episodes, and "
                "it is left out: --rlds.last action takes it, and the action beside it."
            )
        if "is_terminal" not in self._leaves:
            told.append("no is_terminal says where an episode ended: all are taken as cut off.")
        elif self._options.ended == "is_terminal" and self._ends and all(self._ends.values()):
            told.append(
                "is_terminal says that every episode ended; many converters write so where one is cut off, too: "
                "--rlds.ended none takes all as cut off."
            )
        return told

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone."""
        held = features(self._shards[number])
        actions = np.concatenate([self._array(held, leaf.name).reshape(-1, _size(leaf)) for leaf in self._action], 1)
        steps = len(actions)
        seen_last = self._options.last == "observation" and self._flag(held, "is_last", steps, True)[-1:].any()
        rewards = self._array(held, "reward").reshape(-1) if "reward" in self._leaves else None
        ends = self._flag(held, "is_terminal", steps, False)
        self._ends[number] = bool(ends[-1:].any())
        if self._options.ended == "none":
            ends = np.zeros(steps, bool)
        if rewards is not None and len(rewards) != steps:
            raise UnreadableError(f"episode {number} has {steps} actions, and {len(rewards)} rewards.")
        if seen_last:
            if rewards is not None and rewards[-1]:
                self._paid.add(number)
            actions, ends, rewards = actions[:-1], ends[1:], None if rewards is None else rewards[:-1]
        observations = {name: self._values(held, name) for name in sensors}
        success = {"success": float(_flag(held[SUCCESS]))} if SUCCESS in held else {}
        return RecordedEpisode(observations, actions, rewards, ends, success)

    def close(self) -> None:
        """Let go of files."""
        self._shards.close()

    def _parts(self, wish: str) -> list[Leaf]:
        """Return the parts of an action that a user names."""
        found: list[Leaf] = []
        for word in wish.split(","):
            here = [leaf for name, leaf in self._leaves.items() if name == word or name.startswith(f"{word}/")]
            here = [leaf for leaf in here if leaf.packed != "picture"]
            if not here:
                there = ", ".join(name for name, leaf in self._leaves.items() if leaf.packed != "picture")
                raise UsageError(f"{self._root} has no {word!r} that an action can be made of.", f"There are: {there}.")
            found += here
        return found

    def _left_out(self) -> Iterator[str]:
        """Yield what of observations and of the action that is asked for is not taken."""
        taken = {*self.sensors, *(leaf.name for leaf in self._action)}
        roots = ("observation", *self._options.action.split(","))
        for name in self._kinds:
            if name not in taken and any(name == root or name.startswith(f"{root}/") for root in roots):
                yield name

    def _found_sensors(self, first: dict[str, memoryview]) -> Iterator[tuple[str, Sensor]]:
        for name, leaf in self._leaves.items():
            if not name.startswith("observation/") and name != "observation":
                continue
            shape = leaf.shape
            if min(shape, default=1) < 0:
                value = next(leaf.values(self._feature(first, name)), None) if first else None
                if value is None:
                    continue
                shape = value.shape
            sensor = sensor_of(name, shape, leaf.dtype)
            if sensor:
                yield name, sensor

    def _feature(self, held: dict[str, memoryview], name: str) -> memoryview:
        if f"steps/{name}" not in held:
            raise UnreadableError(f"a record in {self._root} has no steps/{name}, which features.json names.")
        return held[f"steps/{name}"]

    def _array(self, held: dict[str, memoryview], name: str) -> NDArray[Any]:
        return self._leaves[name].array(self._feature(held, name))

    def _values(self, held: dict[str, memoryview], name: str) -> Iterator[NDArray[Any]]:
        return self._leaves[name].values(self._feature(held, name))

    def _flag(self, held: dict[str, memoryview], name: str, steps: int, last: bool) -> NDArray[np.bool_]:
        """Return a flag of each step (S,); without it, ``last`` is that of the last step."""
        if name in self._leaves:
            found = self._array(held, name).reshape(-1).astype(bool)
            if len(found) != steps:
                raise UnreadableError(f"a record in {self._root} has {steps} actions, and {len(found)} of {name}.")
            return found
        flags = np.zeros(steps, bool)
        flags[-1:] = last
        return flags


def _size(leaf: Leaf) -> int:
    return int(np.prod(leaf.shape))


def _flag(feature: memoryview) -> bool:
    return bool(Leaf(SUCCESS, (), "bool", "none").array(feature).any())


def _parts_of_a_step(root: Path) -> tuple[dict[str, Leaf], dict[str, str]]:
    """Return what ``features.json`` says of a step, by name: its arrays, and what each of all its parts is called."""
    path = root / "features.json"
    if not path.is_file():
        raise UnreadableError(f"{path} is missing, which says what a step holds.")
    told = read_json(path, 1 << 24)
    try:
        step = told["featuresDict"]["features"]["steps"]["sequence"]["feature"]
    except (KeyError, TypeError):
        raise UnreadableError(f"{root} is no RLDS dataset: its features.json names no steps.") from None
    try:
        return {leaf.name: leaf for leaf in leaves(step)}, dict(kinds(step))
    except (AttributeError, TypeError, ValueError) as error:
        raise UnreadableError(f"{path} is damaged ({error}).") from error


def _shards(root: Path, split: str) -> Shards:
    """Open the files of a split."""
    path = root / "dataset_info.json"
    if not path.is_file():
        inside = sorted(one.parent for one in root.glob("*/dataset_info.json"))
        hint = f"Write {inside[-1]}." if inside else "It is the directory of a version, such as NAME/1.0.0."
        raise UnreadableError(f"{root} is no RLDS dataset: it holds no dataset_info.json.", hint)
    info = read_json(path, 1 << 24)
    try:
        form, name = info.get("fileFormat") or "tfrecord", str(info["name"])
        splits = {str(one["name"]): one for one in info.get("splits", [])}
    except (AttributeError, KeyError, TypeError) as error:
        raise UnreadableError(f"{path} is damaged ({error}).") from error
    if form != "tfrecord":
        raise UnreadableError(f"{root} has files of the format {form}; only tfrecord is read.")
    if split not in splits:
        hint = f"Write --rlds.split with one of: {', '.join(splits) or 'none'}."
        raise UsageError(f"{root} has no split {split!r}.", hint)
    if (template := splits[split].get("filepathTemplate") or TEMPLATE) != TEMPLATE or "/" in name + split:
        raise UnreadableError(f"{root} calls its files {template} of {name}, and not {TEMPLATE}.")
    counts = [int(count) for count in splits[split].get("shardLengths", [])]
    files = (f"{name}-{split}.tfrecord-{number:05d}-of-{len(counts):05d}" for number in range(len(counts)))
    return Shards([root / file for file in files], counts)
