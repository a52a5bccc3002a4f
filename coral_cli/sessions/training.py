"""``coral train``: a new run, or a run that goes on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from coral_cli import __version__
from coral_cli.assembly.requests import TrainRequest
from coral_cli.assembly.resolve import command_line
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.errors import CoralError
from coral_cli.runs.checkpoint import load, mark_best, save_latest
from coral_cli.runs.directory import RunDirectory, find_checkpoint, machine
from coral_cli.runs.events import Event, Listener
from coral_cli.runs.metrics import MetricsWriter
from coral_cli.sessions.parts import Parts, build, schedule
from coral_cli.sessions.rehearsal import notice
from coral_cli.sessions.saved import record_of
from coral_cli.training.interruption import Interruption
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Trainer


def train(request: TrainRequest, display: Listener) -> int:
    """Trains until the budget is used up or an interruption comes; returns the exit code."""
    recorded = RunDirectory.open(request.resume).read_record() if request.resume else {}
    backend = _backend(request, recorded)
    parts = build(request, backend)
    try:
        run = RunDirectory.open(request.resume) if request.resume else _new_run(request)
        run.write_record(_record(request, parts))
        return _train(request, display, parts, run)
    finally:
        parts.close()


def _backend(request: TrainRequest, recorded: Mapping[str, Any]) -> str:
    """The renderer asked for; a resumed run keeps drawing with its own unless told otherwise."""
    asked = request.assembly.settings.renderer
    if recorded and "renderer" not in request.changes:
        asked = recorded.get("renderer", asked)
    return select_backend(asked)


def _new_run(request: TrainRequest) -> RunDirectory:
    choices = request.assembly.choices
    losses = [choice.component for slot, choice in choices.items() if slot.endswith("-loss")]
    name = "-".join([choices["env"].component, *losses, f"seed{request.assembly.settings.seed}"])
    return RunDirectory.create(request.out, name)


def _record(request: TrainRequest, parts: Parts) -> dict[str, Any]:
    """What run.json says of a run; a later resumption finds the budget it was last given."""
    return {
        "command": command_line(request.assembly, request.catalog),
        "assembly": request.assembly.to_json(),
        "coral": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "renderer": parts.backend,
        "device": str(parts.agent.device),
        "machine": machine(),
    }


def _train(request: TrainRequest, display: Listener, parts: Parts, run: RunDirectory) -> int:
    settings = request.assembly.settings
    replay = Replay(parts.sensors, parts.agent.action_size, parts.replay_capacity, run.replay)
    with Interruption() as interruption, MetricsWriter(run.metrics) as metrics:

        def emit(event: Event) -> None:
            metrics(event)
            display(event)

        def save(state: Mapping[str, Any], best: bool) -> str:
            record = record_of(request.assembly, parts.sensors, parts.agent.action_size)
            record |= {"renderer": parts.backend, "coral": __version__}
            path = save_latest(run.checkpoints, state["progress"]["steps"], record, dict(state))
            return str(mark_best(path) if best else path)

        trainer = Trainer(
            parts.agent, parts.env, parts.eval_env, replay, schedule(parts, settings), emit, save, interruption
        )
        if request.resume:
            trainer.load_state_dict(load(find_checkpoint(request.resume), parts.agent.device)[1])
        _announce(request, parts, run, replay, trainer)
        status, message = "failed", ""
        try:
            trainer.run()
            status, message = _outcome(run, bool(interruption))
        except KeyboardInterrupt:
            status, message = "interrupted", "stopped at once, without saving"
            raise
        except CoralError as error:
            trainer.emit("warning", message=error.message)
            raise
        finally:
            best, seconds = trainer.progress.best_return, trainer.progress.seconds
            trainer.emit("end", status=status, seconds=seconds, best_return=best, message=message)
    return interruption.exit_code


def _announce(request: TrainRequest, parts: Parts, run: RunDirectory, replay: Replay, trainer: Trainer) -> None:
    settings, task = request.assembly.settings, request.assembly.choices["env"]
    variant = "".join(f" {name}={value}" for name, value in task.options.items() if isinstance(value, str))
    trainer.begin(
        name=run.path.name,
        out=str(run.path),
        command=command_line(request.assembly, request.catalog),
        env=task.component + variant,
        seed=settings.seed,
        device=str(parts.agent.device),
        renderer=parts.backend,
        budget=settings.steps,
        resumed=request.resume is not None,
        replay_bytes=replay.bytes,
    )
    if parts.agent.device.type == "cpu" and not request.resume:
        trainer.emit("note", message=notice(parts, request))


def _outcome(run: RunDirectory, interrupted: bool) -> tuple[str, str]:
    """Status and message of a run that has been saved: what to do next."""
    path = shlex.quote(str(run.path))
    if interrupted:
        return "interrupted", f"saved; go on with: coral train --resume {path}"
    return "done", f"evaluate with: coral eval {path} --video"
