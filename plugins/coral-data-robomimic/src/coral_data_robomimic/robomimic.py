"""robomimic's demonstrations: N observations and actions each, and what followed every one of them apart."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import RecordedEpisode, UnreadableError, UsageError
from coral_data_robomimic.trees import numbered, opened, sensors_in, values

if TYPE_CHECKING:
    from coral_data_robomimic import RobomimicOptions

REPLAY = "Add them: python -m robomimic.scripts.dataset_states_to_obs --dataset FILE --output_name NAME --done_mode 0"


class RobomimicRecording:
    """The demonstrations in the file at ``path``."""

    bounds = None
    lossy = False

    def __init__(self, options: RobomimicOptions, path: Path) -> None:
        self._file, self._path = opened(path), path
        if "data" not in self._file or not (names := numbered(self._file["data"], "demo_")):
            raise UnreadableError(f"{path} is no file of robomimic: it holds no data/demo_0.")
        self._demos = [self._file["data"][name] for name in self._chosen(options.filter, names)]
        self.episodes = len(self._demos)
        self._ended = options.ended
        self._require_counts()
        bare = [demo.name for demo in self._demos if "obs" not in demo]
        if bare:
            raise UnreadableError(f"{bare[0]} in {path} has no observations, only states of a simulator.", REPLAY)
        self.sensors = sensors_in(self._demos[0]["obs"], ())
        self.action_size = int(self._demos[0]["actions"].shape[1])
        self.fps = _rate(self._file["data"].attrs.get("env_args"))
        self._copied = not any(map(_goes_on, self._demos))
        self.notes = list(self._told())

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone; the last one is that of ``next_obs``."""
        demo = self._demos[number]
        actions = np.asarray(demo["actions"][()])
        observations = {}
        for name in sensors:
            parts = ("obs",) if self._copied else ("obs", "next_obs")
            seen = [demo[part][name] for part in parts if part in demo]
            if any(len(array) != len(actions) for array in seen):
                raise UnreadableError(
                    f"{name} in {demo.name} has another number of rows than its {len(actions)} actions."
                )
            observations[name] = values(seen[0], *(array[-1:] for array in seen[1:]))
        rewards = np.asarray(demo["rewards"][()]) if "rewards" in demo else None
        return RecordedEpisode(observations, actions, rewards, self._ends(demo, len(actions)))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _ends(self, demo: Any, count: int) -> NDArray[np.bool_]:
        """Return where no future follows (N,); that of rewards is the last row's alone."""
        ends = np.zeros(count, bool)
        if self._ended == "dones" and "dones" in demo:
            ends = np.asarray(demo["dones"][()]) != 0
        elif self._ended == "reward" and "rewards" in demo:
            ends[-1:] = np.asarray(demo["rewards"][-1:]) > 0
        return ends

    def _told(self) -> Iterator[str]:
        if any("next_obs" not in demo for demo in self._demos):
            yield "there is no next_obs: what the last action of an episode led to was not seen."
        elif self._copied:
            yield "the last of next_obs is everywhere a copy of the last of obs, and is taken as not seen."
        if self._ended == "dones" and all("dones" in demo and demo["dones"][-1:].any() for demo in self._demos):
            yield (
                "dones say that every demonstration ended; robomimic writes so where one is cut off, too: "
                "--robomimic.ended reward takes those that were paid for their last action as ended, none not one."
            )

    def _chosen(self, key: str | None, names: list[str]) -> list[str]:
        if key is None:
            return names
        masks = self._file.get("mask", {})
        if key not in masks:
            hint = f"There are: {', '.join(masks) or 'none'}."
            raise UsageError(f"{self._path} has no filter key {key!r}.", hint)
        wanted = {word.decode() if isinstance(word, bytes) else str(word) for word in masks[key][()]}
        return [name for name in names if name in wanted]

    def _require_counts(self) -> None:
        """Raise UnreadableError where a demonstration does not have the rows that it is said to have."""
        for demo in self._demos:
            said, found = demo.attrs.get("num_samples"), len(demo["actions"])
            if said is not None and int(said) != found:
                raise UnreadableError(f"{demo.name} in {self._path} should have {said} actions, and has {found}.")


def _goes_on(demo: Any) -> bool:
    """Whether the last of next_obs is another observation than the last of obs, or there is none."""
    if "next_obs" not in demo:
        return True
    return any(not np.array_equal(demo["obs"][name][-1:], demo["next_obs"][name][-1:]) for name in demo["next_obs"])


def _rate(text: Any) -> float | None:
    """Return the steps per second that the environment's arguments tell."""
    try:
        rate = json.loads(text)["env_kwargs"]["control_freq"]
        return float(rate) if rate > 0 else None
    except (KeyError, TypeError, ValueError):
        return None
