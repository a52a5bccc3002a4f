"""ManiSkill's trajectories: N actions, N + 1 observations, and a JSON file beside them that counts the steps."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from coral_cli.plugin import RecordedEpisode, UnreadableError
from coral_cli.plugin_recordings import read_json
from coral_data_robomimic.trees import numbered, opened, sensors_in, values

LEFT_OUT = ("sensor_param", "camera_param", "seg", "segmentation", "Segmentation", "position", "PositionSegmentation")
"""What is no sensor of a robot: a camera's place, labels of pixels."""
REPLAY = "Add them: python -m mani_skill.trajectory.replay_trajectory --traj-path FILE --save-traj -o rgb"


class ManiSkillRecording:
    """The trajectories in the file at ``path``."""

    bounds = None
    lossy = False
    fps: float | None

    def __init__(self, path: Path) -> None:
        beside = path.with_suffix(".json")
        self._file, self._path = opened(path), path
        if not beside.is_file():
            raise UnreadableError(f"{beside} is missing, which says what {path.name} holds.")
        told = read_json(beside, 1 << 28)
        self._said = {int(one["episode_id"]): one for one in told["episodes"]}
        self._names = numbered(self._file, "traj_")
        self.episodes = len(self._names)
        self._require_counts()
        bare = [name for name in self._names if "obs" not in self._file[name] or not len(self._file[name]["obs"])]
        if bare:
            raise UnreadableError(f"{bare[0]} in {path} has no observations, only states of a simulator.", REPLAY)
        first = self._file[self._names[0]] if self._names else {"obs": {}, "actions": np.zeros((0, 1))}
        self._flat = hasattr(first["obs"], "shape")
        self.sensors = sensors_in(first if self._flat else first["obs"], LEFT_OUT)
        if self._flat:
            self.sensors = {name: sensor for name, sensor in self.sensors.items() if name == "obs"}
        self.action_size = self._size(first["actions"])
        self.fps = _rate(told)
        self.notes: list[str] = []

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone."""
        group = self._file[self._names[number]]
        root = group if self._flat else group["obs"]
        actions = np.asarray(group["actions"][()])
        success = np.asarray(group["success"][()]) if "success" in group else None
        return RecordedEpisode(
            {name: values(root[name]) for name in sensors},
            actions,
            np.asarray(group["rewards"][()]) if "rewards" in group else None,
            np.asarray(group["terminated"][()], bool) if "terminated" in group else np.zeros(len(actions), bool),
            {} if success is None else {"success": float(success.any())},
        )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _size(self, actions: Any) -> int:
        if len(getattr(actions, "shape", ())) != 2:
            raise UnreadableError(f"{self._path} has actions of several parts, or of none.")
        return int(actions.shape[1])

    def _require_counts(self) -> None:
        """Raise UnreadableError where trajectories, or their steps, are not as many as the JSON file says."""
        if len(self._said) != self.episodes:
            raise UnreadableError(
                f"{self._path} should hold {len(self._said)} trajectories, and holds {self.episodes}."
            )
        for name in self._names:
            said = self._said.get(int(name.removeprefix("traj_")), {}).get("elapsed_steps")
            actions = self._file[name]["actions"]
            found = len(actions) if hasattr(actions, "shape") else said
            if said is None or int(said) != found:
                raise UnreadableError(f"{name} in {self._path} should have {said} actions, and has {found}.")


def _rate(told: dict[str, Any]) -> float | None:
    """Return the steps per second that the environment's arguments tell."""
    try:
        rate = told["env_info"]["env_kwargs"]["sim_config"]["control_freq"]
        return float(rate) if rate > 0 else None
    except (KeyError, TypeError, ValueError):
        return None
