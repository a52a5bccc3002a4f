"""``coral train``: a new run, or a run that goes on."""

from __future__ import annotations

import dataclasses
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gymnasium
import torch

from coral_cli import __version__
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.requests import TrainRequest
from coral_cli.assembly.resolve import command_line
from coral_cli.assembly.settings import Settings
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.errors import CoralError
from coral_cli.registry.records import Sensor
from coral_cli.runs.checkpoint import load, mark_best, save_latest
from coral_cli.runs.directory import RunDirectory, find_checkpoint, machine
from coral_cli.runs.events import Event, Listener
from coral_cli.runs.metrics import MetricsWriter
from coral_cli.sessions.device import choose_device
from coral_cli.training.agent import Agent
from coral_cli.training.interruption import Interruption
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Schedule, Trainer, action_repeat


@dataclass(frozen=True)
class Parts:
    """What every session of training builds."""

    env: gymnasium.Env[dict[str, Any], Any]
    eval_env: gymnasium.Env[dict[str, Any], Any]
    sensors: Mapping[str, Sensor]
    agent: Agent
    backend: str
    replay_capacity: int

    def close(self) -> None:
        self.env.close()
        self.eval_env.close()


def build(request: TrainRequest, backend: str) -> Parts:
    """Environments, agent and sizes; writes nothing."""
    settings = request.assembly.settings
    device = choose_device(settings.device)
    torch.manual_seed(settings.seed)
    assembler = Assembler(request.assembly, request.catalog)
    env = assembler.environment(backend)
    eval_env = assembler.environment(backend)
    sensors = assembler.sensors(env)
    agent = assembler.agent(sensors, math.prod(env.action_space.shape or ()), device)
    return Parts(env, eval_env, sensors, agent, backend, _capacity(settings, action_repeat(env)))


def _capacity(settings: Settings, repeat: int) -> int:
    """Every transition of the budget, as far as the cap allows: episodes have one more, the last may overshoot."""
    policy_steps = math.ceil(settings.steps / repeat)
    return min(settings.replay_size, policy_steps + policy_steps // 10 + 2000)


def schedule(parts: Parts, settings: Settings) -> Schedule:
    """The settings that the trainer needs."""
    names = {field.name for field in dataclasses.fields(Schedule)} - {"crop"}
    crop = (settings.image_size, settings.image_size) if settings.crop_margin else None
    return Schedule(**{name: getattr(settings, name) for name in names}, crop=crop)


def train(request: TrainRequest, display: Listener) -> int:
    """Trains until the budget is used up or an interruption comes; returns the exit code."""
    recorded = RunDirectory.open(request.resume).read_record() if request.resume else {}
    backend = _backend(request, recorded)
    parts = build(request, backend)
    try:
        run = RunDirectory.open(request.resume) if request.resume else _new_run(request, parts)
        return _train(request, display, parts, run)
    finally:
        parts.close()


def _backend(request: TrainRequest, recorded: Mapping[str, Any]) -> str:
    """The renderer asked for; a resumed run keeps drawing with its own unless told otherwise."""
    asked = request.assembly.settings.renderer
    if recorded and "renderer" not in request.changes:
        asked = recorded.get("renderer", asked)
    return select_backend(asked)


def _new_run(request: TrainRequest, parts: Parts) -> RunDirectory:
    choices, settings = request.assembly.choices, request.assembly.settings
    losses = [choice.component for slot, choice in choices.items() if slot.endswith("-loss")]
    run = RunDirectory.create(request.out, "-".join([choices["env"].component, *losses, f"seed{settings.seed}"]))
    run.write_record(
        {
            "command": command_line(request.assembly, request.catalog),
            "assembly": request.assembly.to_json(),
            "coral": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "renderer": parts.backend,
            "device": str(parts.agent.device),
            "machine": machine(),
        }
    )
    return run


def _train(request: TrainRequest, display: Listener, parts: Parts, run: RunDirectory) -> int:
    settings = request.assembly.settings
    replay = Replay(parts.sensors, parts.agent.action_size, parts.replay_capacity, run.replay)
    with Interruption() as interruption, MetricsWriter(run.metrics) as metrics:

        def emit(event: Event) -> None:
            metrics(event)
            display(event)

        def save(state: Mapping[str, Any], best: bool) -> str:
            record = {"assembly": request.assembly.to_json(), "renderer": parts.backend, "coral": __version__}
            path = save_latest(run.checkpoints, state["progress"]["steps"], record, dict(state))
            return str(mark_best(path) if best else path)

        trainer = Trainer(
            parts.agent, parts.env, parts.eval_env, replay, schedule(parts, settings), emit, save, interruption
        )
        if request.resume:
            trainer.load_state_dict(load(find_checkpoint(request.resume), parts.agent.device)[1])
        _announce(request, parts, run, replay, trainer)
        status = "failed"
        try:
            trainer.run()
            status = "interrupted" if interruption else "done"
        except CoralError as error:
            trainer.emit("warning", message=error.message)
            raise
        finally:
            _finish(trainer, run, status)
    return interruption.exit_code


def _announce(request: TrainRequest, parts: Parts, run: RunDirectory, replay: Replay, trainer: Trainer) -> None:
    settings = request.assembly.settings
    trainer.begin(
        name=run.path.name,
        out=str(run.path),
        command=command_line(request.assembly, request.catalog),
        env=request.assembly.choices["env"].component,
        options=dict(request.assembly.choices["env"].options),
        seed=settings.seed,
        device=str(parts.agent.device),
        renderer=parts.backend,
        budget=settings.steps,
        resumed=request.resume is not None,
        replay_bytes=replay.bytes,
    )


def _finish(trainer: Trainer, run: RunDirectory, status: str) -> None:
    message = ""
    if status == "interrupted":
        message = f"saved; go on with: {resume_command(run.path)}"
    elif status == "done":
        message = f"evaluate with: coral eval {shlex.quote(str(run.path))} --video"
    trainer.emit(
        "end",
        status=status,
        seconds=trainer.progress.seconds,
        best_return=trainer.progress.best_return,
        message=message,
    )


def resume_command(run: Path) -> str:
    """What continues a run."""
    return f"coral train --resume {shlex.quote(str(run))}"
