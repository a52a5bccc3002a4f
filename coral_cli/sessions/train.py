"""``coral train``: a new run, or a run that goes on."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import code_flags, command_line
from coral_cli.assembly.selection import image_note
from coral_cli.assembly.values import text_of
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.parallel.followers import Followers
from coral_cli.registry.events import Listener
from coral_cli.registry.places import as_written
from coral_cli.registry.records import Backend, Environment
from coral_cli.runs.directory import RunDirectory
from coral_cli.sessions.beginning import about, begin, flags_said, name_of, new_run
from coral_cli.sessions.blame import fault_of
from coral_cli.sessions.building import Built, actor_of, build, schedule, several
from coral_cli.sessions.parallel import Start, announce_processes, in_step
from coral_cli.sessions.rehearsal import notice
from coral_cli.sessions.requests import TrainRequest
from coral_cli.sessions.saved import record_of
from coral_cli.sessions.supervision import After, nothing_to_do, supervised
from coral_cli.sessions.transfer import announce_frozen, announce_transfer
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import collector_of
from coral_cli.training.filming import Filming, frames_per_second
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Trainer
from coral_cli.training.updates import Updates
from coral_cli.version import __version__

AFTER = After(done="evaluate with: coral eval {run} --video", go_on="coral train --resume {run}")


def train(request: TrainRequest, display: Listener) -> int:
    """Train until the budget is used up or an interruption comes; return the exit code."""
    return in_step(request.assembly, request.catalog, lambda followers: _lead(request, display, followers))


def _lead(request: TrainRequest, display: Listener, followers: Followers) -> int:
    assembly, settings = request.assembly, request.assembly.settings
    plan, budget = schedule(settings), settings.steps if "steps" in request.changes else None
    name = name_of(assembly)
    with (
        begin(request.resume, lambda: new_run(request.out, name, request.again), "steps", budget) as begun,
        ExitStack() as stack,
    ):
        if plan.over(begun.progress):
            return nothing_to_do(display, begun.progress, "steps")
        built = stack.enter_context(closing(build(request, _backend(request))))
        agent = built.agent
        begun.require_same(agent, built.sensors)
        said = about(assembly, command_line(assembly, request.catalog), followers.processes)
        said |= {"renderer": built.backend, "device": str(agent.device)}
        begun.write(said)
        replay = Replay(built.sensors, agent.action_size, built.replay_capacity, begun.run.replay, begun.episodes)
        env, eval_env = stack.enter_context(several(request, built))
        followers.begin(Start(built.sensors, agent.action_size, begun.run.replay, replay.capacity))
        record = record_of(assembly, built.sensors, agent.action_size)
        record |= {"renderer": built.backend, "coral": __version__}
        assembler = Assembler(assembly, request.catalog)
        told = stack.enter_context(supervised(begun.run, assembly, record, display, assembler.observers()))
        actor = actor_of(request, built)
        updates = Updates(built.learner, replay, plan, followers)
        collector, evaluator = collector_of(env), collector_of(eval_env)
        beforehand = AsyncCollection(collector, actor, told.interruption.__bool__) if actor else None
        filming = Filming(begun.run.videos, frames_per_second(built.eval_env))
        trainer = Trainer(updates, collector, evaluator, plan, told, beforehand, filming)
        begun.go_on(trainer, said)
        _announce(request, built, begun.run, followers, trainer)
        begun.warn(trainer.journal, trainer.remark, replay.remark)
        begun.training = True
        fault = partial(fault_of, begun.run, assembler, built.learner, built.sensors, replay, plan)
        return told.carry_out(trainer, replace(AFTER, flags=code_flags(assembly)), fault)


def _backend(request: TrainRequest) -> Backend:
    """Return the renderer asked for; a resumed run keeps drawing with its own unless told otherwise."""
    asked = request.assembly.settings.renderer
    if request.resume and "renderer" not in request.changes:
        asked = RunDirectory.open(request.resume).read_record().get("renderer", asked)
    return select_backend(asked)


def _announce(request: TrainRequest, built: Built, run: RunDirectory, followers: Followers, trainer: Trainer) -> None:
    settings, task = request.assembly.settings, request.assembly.choices["env"]
    said = {name: text_of(value) for name, value in task.options.items() if isinstance(value, str | bool)}
    variant = "".join(f" {name.replace('_', '-')}={value}" for name, value in said.items())
    journal = trainer.journal
    journal.begin(
        name=run.path.name,
        out=as_written(run.path),
        command=command_line(request.assembly, request.catalog),
        env=task.component + variant,
        seed=settings.seed,
        device=str(built.agent.device),
        renderer=built.backend,
        budget=settings.steps,
        resumed=request.resume is not None,
        replay_bytes=trainer.replay.bytes,
        updates_per_env_step=settings.updates_per_step / action_repeat(built.env),
        pending=trainer.progress.pending,
        **flags_said(request.assembly, request.catalog),
    )
    announce_transfer(built.transfer, journal)
    if not request.resume:
        announce_frozen(settings, journal)
    announce_processes(followers, settings.batch_size, journal)
    environment = request.catalog.locate(*task.identity).record
    assert isinstance(environment, Environment)
    if request.assembly.encoded and not request.resume and (note := image_note(environment)):
        journal.emit("note", message=note)
    if built.agent.device.type == "cpu" and not request.resume and followers.processes == 1:
        journal.emit("note", message=notice(built, request))
