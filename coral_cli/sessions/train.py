"""``coral train``: a new run, or a run that goes on."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace

from coral_cli.assembly.resolve import code_flags, command_line
from coral_cli.assembly.selection import image_note
from coral_cli.assembly.values import text_of
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.parallel.followers import Followers
from coral_cli.registry.events import Listener
from coral_cli.registry.options import Json
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import Backend
from coral_cli.runs.directory import RunDirectory
from coral_cli.sessions.beginning import about, begin, name_of
from coral_cli.sessions.building import Built, actor_of, build, schedule, several
from coral_cli.sessions.parallel import in_step
from coral_cli.sessions.preparing import prepared
from coral_cli.sessions.rehearsal import notice
from coral_cli.sessions.requests import TrainRequest
from coral_cli.sessions.supervision import After, nothing_to_do
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import collector_of
from coral_cli.training.filming import Filming, frames_per_second
from coral_cli.training.progress import Journal
from coral_cli.training.trainer import Trainer

AFTER = After(done="evaluate with: coral eval {run} --video", go_on="coral train --resume {run}")


def train(request: TrainRequest, display: Listener) -> int:
    """Train until the budget is used up or an interruption comes; return the exit code."""
    return in_step(request.assembly, request.catalog, lambda followers: _lead(request, display, followers))


def _lead(request: TrainRequest, display: Listener, followers: Followers) -> int:
    settings, plan = request.assembly.settings, schedule(request.assembly.settings)
    budget = settings.steps if "steps" in request.changes else None
    with begin(request, name_of(request.assembly), "steps", budget) as begun, ExitStack() as stack:
        if plan.over(begun.progress):
            return nothing_to_do(display, begun.progress, "steps")
        built = stack.enter_context(closing(build(request, _backend(request))))
        replay = begun.load(built, _about(request, built, followers), built.replay_capacity, begun.episodes)
        env, eval_env = stack.enter_context(several(request, built))
        said = {"renderer": built.backend, "actions_per_second": built.env.metadata.get("render_fps")}
        run = stack.enter_context(prepared(begun, built, replay, plan, followers, display, **said))
        collector, evaluator, actor = collector_of(env), collector_of(eval_env), actor_of(request, built)
        stopping = run.supervision.interruption.__bool__
        async_collection = AsyncCollection(collector, actor, stopping) if actor else None
        filming = Filming(begun.run.videos, frames_per_second(built.eval_env))
        trainer = Trainer(run.updates, collector, evaluator, plan, run.supervision, async_collection, filming)
        run.begin(trainer, pending=begun.progress.pending, **_start(request, built))
        if not request.resume:
            _note(request, built, followers, trainer.journal)
        return run.carry_out(trainer, replace(AFTER, flags=code_flags(request.assembly)), trainer.remark)


def _backend(request: TrainRequest) -> Backend:
    """Return the renderer asked for; a resumed run keeps drawing with its own unless told otherwise."""
    asked = request.assembly.settings.renderer
    if request.resume and "renderer" not in request.changes:
        asked = RunDirectory.open(request.resume).read_metadata().get("renderer", asked)
    return select_backend(asked)


def _about(request: TrainRequest, built: Built, followers: Followers) -> dict[str, Json]:
    """Return what run.json says of this start."""
    command = command_line(request.assembly, request.catalog)
    said = {"renderer": built.backend, "device": str(built.agent.device)}
    return about(request.assembly, command, followers.processes) | said


def _start(request: TrainRequest, built: Built) -> dict[str, Json]:
    """Return what the start event says beside what every training's does."""
    settings, task = request.assembly.settings, request.assembly.choices["env"]
    said = {name: text_of(value) for name, value in task.options.items() if isinstance(value, str | bool)}
    variant = "".join(f" {name.replace('_', '-')}={value}" for name, value in said.items())
    return {
        "env": task.component + variant,
        "renderer": built.backend,
        "budget": settings.steps,
        "updates_per_env_step": settings.updates_per_step / action_repeat(built.env),
    }


def _note(request: TrainRequest, built: Built, followers: Followers, journal: Journal) -> None:
    """Note of a new run that it sees no image, what of its state it feels, and how long it will take on a CPU."""
    environment = request.catalog.locate(*request.assembly.choices["env"].identity).record
    assert isinstance(environment, Environment)
    if request.assembly.encoded and (note := image_note(environment)):
        journal.emit("note", message=note)
    options = request.assembly.choices["env"].options_of(environment)
    if note := environment.note(options, request.assembly.sensors):
        journal.emit("note", message=note)
    if built.agent.device.type == "cpu" and followers.processes == 1:
        journal.emit("note", message=notice(built, request))
