"""``coral rollout``: episodes of a saved agent, or of random actions, recorded into a dataset."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.environments.vectorised import Env
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.sensors import Backend, Sensor
from coral_cli.runs.dataset import DatasetWriter
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.requests import RolloutRequest
from coral_cli.sessions.saved import open_saved
from coral_cli.training.collection import Episode, Observation, acting, episode_seed, random_policy, run_episode
from coral_cli.training.interruption import Interruption
from coral_cli.version import __version__


def rollout(request: RolloutRequest, report: Callable[[int, Episode], None]) -> tuple[Path, int, int]:
    """Record the episodes; ``report`` gets the number of each and what became of it.

    Returns the dataset, the episodes recorded and the exit code. An interruption keeps those that are finished; without
    any, no dataset is left. Raises UsageError for an agent without a policy.
    """
    saved = open_saved(request.agent, request.catalog) if request.agent else None
    if saved and saved.pretrained:
        raise UsageError(
            f"{request.agent} was pretrained: it has no policy that could act.",
            f"Random actions need no agent: --env {saved.assembly.choices[ENV.name].component}, without --agent.",
        )
    assembly = saved.assembly if saved else request.assembly
    assembler = Assembler(assembly, request.catalog)
    renderer = str(saved.metadata.get("renderer", "auto")) if saved and request.renderer == "auto" else request.renderer
    backend = select_backend(renderer)
    with naming(assembly), closing(assembler.environment(backend)) as env:
        agent = saved.agent(choose_device(request.device)) if saved else None

        def choose(number: int) -> Callable[[Observation], NDArray[Any]]:
            return acting(agent, request.explore) if agent else random_policy(env, number)

        sensors = assembler.every_sensor(env)
        about = facts(assembly, backend, env) | {"seed": request.seed, "actions": _actor(request)}
        writer = DatasetWriter(request.out, sensors, math.prod(env.action_space.shape or ()), about)
        with closing(writer), Interruption() as interruption:
            done = _record(request, env, sensors, choose, writer, interruption, report)
        return request.out, done, interruption.exit_code


def facts(assembly: Assembly, backend: Backend, env: Env) -> dict[str, Json]:
    """Return what ``dataset.json`` says of what was recorded, besides who acted and the episodes."""
    settings, saved = assembly.settings, assembly.to_json()
    return {
        "env": saved["choices"]["env"],
        "distractions": [choice for choice in saved["choices"].values() if choice["kind"] == DISTRACTION],
        "image_size": list(settings.image_size),
        "crop_margin": settings.crop_margin,
        "render_quality": settings.render_quality,
        "renderer": backend,
        "action_repeat": action_repeat(env),
        **({"fps": float(fps)} if (fps := env.metadata.get("render_fps")) else {}),
        "coral": __version__,
    }


def _actor(request: RolloutRequest) -> str:
    if not request.agent:
        return "random"
    return f"{as_written(request.agent)}{', exploring' if request.explore else ''}"


def _record(
    request: RolloutRequest,
    env: Env,
    sensors: Mapping[str, Sensor],
    choose: Callable[[int], Callable[[Observation], NDArray[Any]]],
    writer: DatasetWriter,
    interruption: Interruption,
    report: Callable[[int, Episode], None],
) -> int:
    for index in range(request.episodes):
        number = episode_seed(request.seed, "rollout", index)
        torch.manual_seed(number)
        episode = run_episode(env, number, choose(number), tuple(sensors), keep=True, stop=lambda: bool(interruption))
        if episode is None:
            return index
        assert episode.arrays is not None
        writer.add(episode.arrays, {"seed": number, "return": episode.total, "metrics": dict(episode.metrics)})
        report(index + 1, episode)
    return request.episodes
