"""Episodes of a saved agent, with its mean action, and films of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from coral_cli.assembly.conditions import Condition
from coral_cli.runs.files import writing
from coral_cli.runs.video import Frame, side_by_side, write_video
from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode, Observation
from coral_cli.training.collectors import OneByOne, Stop
from coral_cli.training.evaluation import evaluation_episodes
from coral_cli.training.filming import frames_per_second

LONGEST = 80
"""Letters that a file's name has for a condition."""


class _CutError(Exception):
    """The end of a film that is not to be kept."""


def play(
    env: gymnasium.Env[dict[str, Any], Any],
    agent: Agent,
    seed: int,
    count: int,
    video: Path | None,
    keep: bool = False,
    stop: Stop = lambda: False,
) -> list[Episode]:
    """Run ``count`` episodes and film them into ``video``; fewer, without a film, when ``stop`` becomes true."""
    episodes: list[Episode] = []
    if video is None:
        return [*evaluation_episodes(agent, OneByOne(env, keep=keep), seed, count, stop)]
    with writing(video):
        video.parent.mkdir(parents=True, exist_ok=True)
    frames = _Film(env, agent, keep).frames(seed, count, episodes, stop)
    with suppress(_CutError):
        write_video(video, frames, frames_per_second(env))
    return episodes


def film_of(checkpoint: Path, seed: int, condition: Condition | None = None) -> Path:
    """Return the path of a film in the run's ``videos``, or beside a lone checkpoint."""
    run = checkpoint.parent.parent
    suffix = _part_of_name(condition.name) if condition and condition.given else ""
    name = f"{checkpoint.stem}-seed{seed}{suffix}.mp4"
    return run / "videos" / name if (run / "run.json").exists() else checkpoint.with_name(name)


def _part_of_name(condition: str) -> str:
    """Return what a file's name says of a condition: ``-disks-disks.count-4``."""
    return f"-{re.sub(r'[^a-zA-Z0-9_.+]+', '-', condition)[:LONGEST].strip('-')}"


class _Film:
    """A film of episodes, drawn as they happen: the agent's cameras beside an outside view."""

    def __init__(self, env: gymnasium.Env[dict[str, Any], Any], agent: Agent, keep: bool) -> None:
        self._env, self._agent, self._keep = env, agent, keep
        self._images = [name for name, sensor in agent.sensors.items() if sensor.kind == "image"]
        self._pending: list[Frame] = []

    def frames(self, seed: int, count: int, episodes: list[Episode], stop: Stop) -> Iterator[Frame]:
        """Yield the frames of ``count`` episodes, which are appended to ``episodes``; fewer when it is to ``stop``."""
        collector = OneByOne(self._env, self._draw, self._keep)
        for episode in evaluation_episodes(self._agent, collector, seed, count, stop):
            episodes.append(episode)
            yield from self._pending
            self._pending = []
        if len(episodes) < count:
            raise _CutError

    def _draw(self, observation: Observation) -> None:
        outside: Any = self._env.render()
        seen = {name: self._seen(name, observation.get(name)) for name in self._images}
        self._pending.append(side_by_side({**seen, "outside": outside}) if seen else outside)

    def _seen(self, name: str, image: Frame | None) -> Frame:
        """Return what the model sees of a camera's image; black where it gave none."""
        if image is None:
            return np.zeros(self._agent.sensors[name].shape, np.uint8)
        seen: Frame = self._agent.seen(name, image[None])[0]
        return seen
