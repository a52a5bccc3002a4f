"""``coral eval``: a saved agent acts, with its mean action."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.records import Backend
from coral_cli.runs.files import writing
from coral_cli.runs.video import Frame, side_by_side, write_video
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.held_out import HeldOut, held_out, require_losses
from coral_cli.sessions.requests import EvalRequest
from coral_cli.sessions.saved import Saved, open_saved
from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode, Observation
from coral_cli.training.collectors import OneByOne
from coral_cli.training.evaluation import evaluation_episodes, statistics
from coral_cli.training.filming import frames_per_second


@dataclass(frozen=True)
class Evaluation:
    """The report of ``coral eval``; ``statistics`` are empty where no policy was trained."""

    checkpoint: Path
    env: str
    seed: int
    renderer: str
    statistics: dict[str, float | None]
    losses: HeldOut | None
    video: Path | None


def evaluate(request: EvalRequest) -> Evaluation:
    """Run the episodes and write the video. The checkpoint says everything else.

    Raises UsageError for a pretrained representation, whose losses alone mean something, UnreadableError for the
    checkpoint, PluginError for a missing component, CoralError when the renderer of the run does not work here or the
    video cannot be written.
    """
    saved = open_saved(request.checkpoint, request.catalog)
    pretrained = saved.pretrained
    if pretrained and not request.losses:
        raise _no_policy(request.checkpoint)
    path, assembly = saved.path, saved.assembly
    backend = _backend(request, saved.record)
    with naming(assembly), closing(saved.assembler.environment(backend, "evaluation")) as env:
        _require_same(saved, env)
        agent = saved.agent(choose_device(request.device))
        if request.losses:
            require_losses(agent)
        seed = assembly.settings.seed if request.seed is None else request.seed
        video = _video_path(request, path, seed)
        recorder = _Recorder(env, agent, request.losses)
        episodes: list[Episode] = []
        if video is None:
            collector = OneByOne(env, record=request.losses)
            episodes += evaluation_episodes(agent, collector, seed, request.episodes)
        else:
            with writing(video):
                video.parent.mkdir(parents=True, exist_ok=True)
            write_video(video, recorder.frames(seed, request.episodes, episodes), frames_per_second(env))
    with naming(assembly):
        losses = held_out(saved, agent, episodes, seed) if request.losses else None
    scores = {} if pretrained else statistics(episodes)
    return Evaluation(path, assembly.choices["env"].component, seed, backend, scores, losses, video)


def _no_policy(checkpoint: Path) -> UsageError:
    place = shlex.quote(str(checkpoint))
    return UsageError(
        f"{checkpoint} was pretrained: it has no policy that could be evaluated.",
        f"Train one: coral train --init-from {place}, with the flags of its representation; or add --losses.",
    )


def _require_same(saved: Saved, env: gymnasium.Env[dict[str, Any], Any]) -> None:
    """Raise CoralError for other shapes of sensors, in which an agent that learned from recorded data may know them."""
    for name, sensor in saved.assembler.sensors(env).items():
        known = saved.sensors[name]
        if sensor.shape != known.shape:
            raise CoralError(
                f"the environment gives {name} in the shape {sensor.shape}, but the agent knows it as {known.shape}.",
                "It was trained on data that does not come from this environment.",
            )


def _backend(request: EvalRequest, record: Mapping[str, Any]) -> Backend:
    if request.renderer != "auto":
        return select_backend(request.renderer)
    trained = str(record.get("renderer", "auto"))
    try:
        return select_backend(trained)
    except CoralError as error:
        raise CoralError(
            f"the agent was trained on images drawn by {trained}, which does not work here.",
            "Add --renderer raycast to evaluate on slightly different images.",
        ) from error


def _video_path(request: EvalRequest, checkpoint: Path, seed: int) -> Path | None:
    """Return the video's path; ``auto`` lies in the run's ``videos``, or beside a lone checkpoint."""
    if request.video != "auto":
        return request.video
    run = checkpoint.parent.parent
    name = f"{checkpoint.stem}-seed{seed}.mp4"
    return run / "videos" / name if (run / "run.json").exists() else checkpoint.with_name(name)


class _Recorder:
    """A recorder that turns episodes into frames as they happen: the agent's cameras beside an outside view."""

    def __init__(self, env: gymnasium.Env[dict[str, Any], Any], agent: Agent, record: bool) -> None:
        self._env, self._agent, self._record = env, agent, record
        self._images = [name for name, sensor in agent.sensors.items() if sensor.kind == "image"]
        self._pending: list[Frame] = []

    def frames(self, seed: int, count: int, episodes: list[Episode]) -> Iterator[Frame]:
        """Yield the frames of ``count`` episodes, which are appended to ``episodes``."""
        collector = OneByOne(self._env, self._draw, self._record)
        for episode in evaluation_episodes(self._agent, collector, seed, count):
            episodes.append(episode)
            yield from self._pending
            self._pending = []

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
