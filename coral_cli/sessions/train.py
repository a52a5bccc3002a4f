"""``coral train``: a new run, or a run that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import code_flags, command_line
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.parallel.crew import Crew
from coral_cli.registry.errors import UsageError
from coral_cli.registry.events import Listener
from coral_cli.runs.directory import RunDirectory, machine
from coral_cli.sessions.parallel import Start, announce_crew, in_step
from coral_cli.sessions.parts import Parts, actor_of, build, schedule, several
from coral_cli.sessions.rehearsal import notice
from coral_cli.sessions.requests import TrainRequest
from coral_cli.sessions.saved import record_of
from coral_cli.sessions.supervision import After, Save, resumed_state, supervise
from coral_cli.sessions.transfer import announce_transfer
from coral_cli.training.interruption import Interruption
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Trainer
from coral_cli.version import __version__

T = TypeVar("T")


def train(request: TrainRequest, display: Listener) -> int:
    """Trains until the budget is used up or an interruption comes; returns the exit code."""
    return in_step(request.assembly, request.catalog, lambda crew: _lead(request, display, crew))


def _lead(request: TrainRequest, display: Listener, crew: Crew) -> int:
    recorded = RunDirectory.open(request.resume).read_record() if request.resume else {}
    backend = _backend(request, recorded)
    parts = build(request, backend)
    try:
        run = RunDirectory.open(request.resume) if request.resume else _new_run(request)
        return _train(request, display, parts, run, crew)
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


def _record(request: TrainRequest, parts: Parts, crew: Crew) -> dict[str, Any]:
    """What run.json says of a run; a later resumption finds the budget it was last given."""
    return {
        "command": command_line(request.assembly, request.catalog),
        "assembly": request.assembly.to_json(),
        "coral": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "renderer": parts.backend,
        "device": str(parts.agent.device),
        "processes": crew.count,
        "machine": machine(),
    }


def _train(request: TrainRequest, display: Listener, parts: Parts, run: RunDirectory, crew: Crew) -> int:
    settings = request.assembly.settings
    state, damage = resumed_state(run) if request.resume else (None, "")
    if state is not None and "steps" in request.changes and settings.steps < (done := state["progress"]["steps"]):
        raise UsageError(f"--steps is {settings.steps:,}, but the run has done {done:,} already.", "Ask for more.")
    if state is None:
        run.write_record(_record(request, parts, crew))
    replay = _or_nothing(
        run, request, lambda: Replay(parts.sensors, parts.agent.action_size, parts.replay_capacity, run.replay)
    )
    crew.begin(Start(parts.sensors, parts.agent.action_size, run.replay, replay.capacity))
    record = record_of(request.assembly, parts.sensors, parts.agent.action_size)
    record |= {"renderer": parts.backend, "coral": __version__}

    def announce(trainer: Trainer) -> None:
        if state is not None:  # and could be gone on from
            run.write_record(_record(request, parts, crew))
        _or_nothing(run, request, lambda: _announce(request, parts, run, crew, trainer))
        if damage:
            trainer.emit("warning", message=damage)

    with ExitStack() as copies:
        env, eval_env = _or_nothing(run, request, lambda: copies.enter_context(several(request, parts)))

        def make(emit: Listener, save: Save, interruption: Interruption) -> Trainer:
            plan, actor = schedule(parts, settings), actor_of(request, parts)
            return Trainer(parts.agent, env, eval_env, replay, plan, emit, save, interruption, crew, actor)

        after = replace(_AFTER, flags=code_flags(request.assembly))
        observers = Assembler(request.assembly, request.catalog).observers()
        return supervise(run, record, display, observers, make, announce, after, state)


def _or_nothing(run: RunDirectory, request: TrainRequest, make: Callable[[], T]) -> T:
    """What a run needs to begin; a new run that cannot begin leaves nothing behind."""
    try:
        return make()
    except Exception:
        if not request.resume:
            run.discard()
        raise


_AFTER = After(
    done="evaluate with: coral eval {run} --video", interrupted="saved; go on with: coral train --resume {run}"
)


def _announce(request: TrainRequest, parts: Parts, run: RunDirectory, crew: Crew, trainer: Trainer) -> None:
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
        replay_bytes=trainer.replay.bytes,
    )
    announce_transfer(parts.transfer, trainer)
    announce_crew(crew, settings.batch_size, trainer)
    if parts.agent.device.type == "cpu" and not request.resume and crew.count == 1:
        trainer.emit("note", message=notice(parts, request))
