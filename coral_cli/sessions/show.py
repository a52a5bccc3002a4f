"""``coral envs show``: one environment, built, looked at and drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.options import Json
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.pictures import sheet, write_png
from coral_cli.sessions.blame import naming
from coral_cli.training.collection import random_policy, run_episode

OUTSIDE = 192
"""The height of a frame on the sheet, in pixels."""


@dataclass(frozen=True)
class ShowRequest:
    """The request of ``coral envs show``: ``frames`` on ``image`` (None: none), each ``every`` random actions apart."""

    assembly: Assembly
    catalog: Catalog
    image: Path | None
    frames: int
    every: int
    evaluation: bool


def show(request: ShowRequest) -> dict[str, Json]:
    """Return what the environment offers; draw the agent's views above the view from outside."""
    with naming(request.assembly):
        return _shown(request)


def _shown(request: ShowRequest) -> dict[str, Json]:
    settings, choice = request.assembly.settings, request.assembly.choices["env"]
    record = request.catalog.locate(*choice.identity).record
    assert isinstance(record, Environment)
    assembler = Assembler(request.assembly, request.catalog)
    backend = select_backend(settings.renderer)
    env = assembler.environment(backend, "evaluation" if request.evaluation else "training")
    try:
        sensors = assembler.every_sensor(env)
        used = {name: sensor for name, sensor in sensors.items() if name in request.assembly.sensors}
        _try_out(env, settings.seed, sensors)
        if request.image is not None:
            write_png(request.image, sheet(_frames(env, request, used), OUTSIDE))
        return {
            "name": choice.component,
            "suite": record.suite,
            "summary": record.summary,
            "sensors": {name: {"kind": s.kind, "shape": list(s.shape)} for name, s in sensors.items()},
            "in_use": list(used),
            "no_image": dict(zip(("reason", "hint"), record.no_image, strict=True)) if record.no_image[0] else None,
            "note": record.note(choice.options_of(record), settings.sensors or ()),
            "action_size": math.prod(env.action_space.shape or ()),
            "action_repeat": action_repeat(env),
            "terminates": record.terminates,
            "distraction": list(settings.distraction),
            "renderer": backend,
            "seed": settings.seed,
            "image": None if request.image is None else str(request.image),
        }
    finally:
        env.close()


def _try_out(env: Any, seed: int, sensors: dict[str, Sensor]) -> None:
    """Begin an episode and take a step, as training would. Raises CoralError where that could not go on."""
    run_episode(env, seed, random_policy(env, seed), tuple(sensors), stop=iter((False, True)).__next__)


def _frames(env: Any, request: ShowRequest, sensors: dict[str, Sensor]) -> list[list[np.ndarray]]:
    """Return a row of frames for each camera of the agent, and one from outside."""
    cameras = [name for name, sensor in sensors.items() if sensor.spatial]
    seed = request.assembly.settings.seed
    choose = random_policy(env, seed)
    observation, _ = env.reset(seed=seed)
    rows: list[list[np.ndarray]] = [[] for _ in range(len(cameras) + 1)]
    for index in range(request.frames):
        for _ in range(request.every if index else 0):
            observation, _, terminated, truncated, _ = env.step(choose(observation))
            if terminated or truncated:
                observation, _ = env.reset()
        for row, name in zip(rows, cameras, strict=False):
            row.append(observation[name].copy())
        rows[-1].append(_shrunk(env.render()))
    return rows


def _shrunk(view: np.ndarray) -> np.ndarray:
    """Return the outside view in the height of the others."""
    from PIL import Image

    height, width = view.shape[:2]
    return np.asarray(Image.fromarray(view).resize((width * OUTSIDE // height, OUTSIDE)))
