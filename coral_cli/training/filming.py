"""Films of evaluations: what the agent's cameras saw in an episode, from what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import Json
from coral_cli.runs.files import writing
from coral_cli.runs.pictures import sheet, shown, write_png
from coral_cli.runs.video import Frame, side_by_side, write_video
from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode

DEFAULT_FPS = 30.0
HEIGHT = 192
"""The height of a film in pixels, where a camera's own goes into it."""
FRAMES, FRAME_HEIGHT = 8, 128
"""The number of frames on a picture, and how high each is, in pixels."""


def frames_per_second(env: gymnasium.Env[dict[str, Any], Any]) -> float:
    """Return the frames per second in real time, one for each policy step."""
    return float(env.metadata.get("render_fps") or DEFAULT_FPS)


class Filming:
    """Something that writes films and pictures into ``folder``, the ``videos/`` of a run."""

    def __init__(self, folder: Path, fps: float) -> None:
        self._folder, self._fps = folder, fps

    def __call__(self, agent: Agent, episode: Episode, step: int) -> dict[str, Json]:
        """Film a recorded ``episode`` of the ``agent`` after ``step`` environment steps; return what the event says.

        Raises CoralError when the agent has no camera, or when the film cannot be encoded or written.
        """
        assert episode.arrays is not None
        cameras = [name for name, sensor in agent.sensors.items() if sensor.spatial]
        if not cameras:
            raise CoralError("the agent has no camera.", "Leave out --film-every.")
        views = {name: agent.seen(name, episode.arrays[name]) for name in cameras}
        name = f"step-{step:09d}"
        film, picture = self._folder / f"{name}.mp4", self._folder / f"{name}.png"
        with writing(film):
            self._folder.mkdir(exist_ok=True)
        write_video(film, _frames(views), self._fps)
        moments = np.linspace(0, episode.length, FRAMES).astype(int)
        write_png(picture, sheet([[view[moment] for moment in moments] for view in views.values()], FRAME_HEIGHT))
        inside = self._folder.name
        return {
            "path": f"{inside}/{film.name}",
            "picture": f"{inside}/{picture.name}",
            "cameras": ", ".join(cameras),
            "return": episode.total,
        }


def _frames(views: Mapping[str, NDArray[Any]]) -> Iterator[Frame]:
    """Yield the views (L + 1, H, W, C) of all cameras beside one another, moment by moment."""
    for moment in zip(*views.values(), strict=True):
        yield side_by_side({name: shown(frame, HEIGHT) for name, frame in zip(views, moment, strict=True)})
