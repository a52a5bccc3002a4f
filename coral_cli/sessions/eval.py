"""``coral eval``: a saved agent acts, with its mean action."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.conditions import Condition, under
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.sensors import Backend
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.held_out import HeldOut, held_out, require_losses
from coral_cli.sessions.keeping import keep_evaluation
from coral_cli.sessions.playing import film_of, play
from coral_cli.sessions.requests import EvalRequest
from coral_cli.sessions.saved import Saved, no_policy, open_saved
from coral_cli.training.evaluation import statistics


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
        raise no_policy(request.checkpoint, "be evaluated", "; or add --losses")
    if request.condition:
        saved = elsewhere(saved, request.condition, request.catalog)
    path, assembly = saved.path, saved.assembly
    backend = drawing(request.renderer, saved.metadata)
    with naming(assembly), closing(saved.assembler.environment(backend, "evaluation")) as env:
        require_same(saved, env, request.condition)
        agent = saved.agent(choose_device(request.device))
        if request.losses:
            require_losses(agent)
        seed = assembly.settings.seed if request.seed is None else request.seed
        video = film_of(path, seed, request.condition) if request.video == "auto" else request.video
        episodes = play(env, agent, seed, request.episodes, video, keep=request.losses)
    if request.condition and not pretrained:
        keep_evaluation(path, request.condition, seed, backend, episodes, request.quiet)
    with naming(assembly):
        losses = held_out(saved, agent, episodes, seed) if request.losses else None
    scores = {} if pretrained else statistics(episodes)
    return Evaluation(path, assembly.choices["env"].component, seed, backend, scores, losses, video)


def elsewhere(saved: Saved, condition: Condition, catalog: Catalog) -> Saved:
    """Return ``saved`` with the environment and distractions of ``condition``. Raises UsageError as ``under`` does."""
    return replace(saved, assembler=Assembler(under(saved.assembly, condition, catalog), catalog))


def require_same(saved: Saved, env: gymnasium.Env[dict[str, Any], Any], condition: Condition | None = None) -> None:
    """Raise CoralError for other shapes of sensors or actions than the agent knows: UsageError in a ``condition``.

    In its own, an agent that learned from recorded data may know other shapes.
    """
    known = {name: sensor.shape for name, sensor in saved.sensors.items()}
    given = {name: sensor.shape for name, sensor in saved.assembler.sensors(env).items()}
    for name, shape in given.items():
        if shape != known[name]:
            said = f"the environment gives {name} in the shape {shape}, but the agent knows it as {known[name]}."
            if condition is None:
                raise CoralError(said, "It was trained on data that does not come from this environment.")
            raise UsageError(said, "Leave out the --env option that changes it: an agent keeps its sensors.")
    actions = math.prod(env.action_space.shape or ())
    if condition is not None and actions != saved.action_size:
        raise UsageError(
            f"the environment takes {actions} actions there, but the agent gives {saved.action_size}.",
            "Leave out the --env option that changes it: an agent keeps its actions.",
        )


def drawing(renderer: str, metadata: Mapping[str, Any]) -> Backend:
    """Return what draws: ``renderer`` or, if that is "auto", what drew in training. Raises CoralError without it."""
    if renderer != "auto":
        return select_backend(renderer)
    trained = str(metadata.get("renderer", "auto"))
    try:
        return select_backend(trained)
    except CoralError as error:
        raise CoralError(
            f"the agent was trained on images drawn by {trained}, which does not work here.",
            "Add --renderer raycast to evaluate on slightly different images.",
        ) from error
