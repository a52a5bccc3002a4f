"""A Minari dataset as a recording: N actions, N + 1 observations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from coral_cli.plugin import AbsentError, RecordedEpisode, UnreadableError
from coral_cli.plugin_recordings import sensor_of
from coral_data_minari.places import find, metadata
from coral_data_minari.spaces import described

FORMATS = ("hdf5", "arrow", "parquet")


class MinariRecording:
    """The dataset ``source``, a directory or an id."""

    fps = None

    def __init__(self, source: str) -> None:
        folder = find(source)
        said = metadata(folder)
        self._storage = self._opened(folder, said.get("data_format", "hdf5"))
        self._where, self._steps = source, said.get("total_steps")
        self.episodes = self._storage.episodes
        if said.get("total_episodes") != self.episodes:
            told = said.get("total_episodes")
            raise UnreadableError(f"{source} should hold {told} episodes, and there are {self.episodes}.")
        self.bounds, found = described(said)
        self.action_size = len(self.bounds[0])
        sensors = {name: sensor_of(name, leaf.shape, leaf.dtype) for name, leaf in found.items() if not leaf.other}
        self._leaves = found
        self.sensors = {name: sensor for name, sensor in sensors.items() if sensor is not None}
        left_out = ", ".join(f"{name} ({leaf.form})" for name, leaf in found.items() if name not in self.sensors)
        self.notes = [f"not numbers or pictures of a form that is read, and left out: {left_out}."] if left_out else []
        self._require_steps()
        pictures = [leaf for leaf in found.values() if leaf.picture and self.episodes]
        self.lossy = any(self._storage.encoded(leaf) for leaf in pictures)

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone."""
        storage = self._storage
        actions = storage.array(number, "actions")
        steps = storage.steps(number)
        if len(actions) != steps:
            raise UnreadableError(
                f"episode {number} of {self._where} should have {steps} actions, and has {len(actions)}.",
                "Was it written to its end? Write it anew, as hdf5.",
            )
        success = storage.success(number)
        return RecordedEpisode(
            {name: storage.observations(number, self._leaves[name]) for name in sensors},
            actions.reshape(len(actions), -1),
            storage.array(number, "rewards"),
            storage.array(number, "terminations"),
            {} if success is None else {"success": float(np.any(success))},
        )

    def close(self) -> None:
        """Let go of files."""
        self._storage.close()

    def _opened(self, folder: Any, form: object) -> Any:
        if form not in FORMATS:
            raise UnreadableError(f"{folder} is stored as {form!r}, and {', '.join(FORMATS)} are read.")
        if form == "hdf5":
            from coral_data_minari.hdf5 import Hdf5

            return Hdf5(folder)
        try:
            from coral_data_minari.arrow import Arrow
        except ImportError as error:
            raise AbsentError(f"minari's {form} is read with PyArrow ({error}).", "pip install pyarrow") from error
        return Arrow(folder, str(form))

    def _require_steps(self) -> None:
        """Raise UnreadableError where all episodes together do not have the steps that the metadata tell."""
        steps = sum(self._storage.steps(number) for number in range(self.episodes))
        if self._steps != steps:
            raise UnreadableError(f"{self._where} should hold {self._steps} steps, and its episodes have {steps}.")
