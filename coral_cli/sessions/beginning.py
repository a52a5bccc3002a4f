"""How a run begins: in a new directory, or where one that goes on has stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from coral_cli.assembly.assembly import Assembly
from coral_cli.registry.errors import CoralError, UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.places import absolute, as_written, typed
from coral_cli.registry.records import RECORDING
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import load_latest
from coral_cli.runs.directory import RUNS, RunDirectory, find_checkpoint
from coral_cli.runs.machine import machine
from coral_cli.runs.source import commit
from coral_cli.sessions.building import Trainee
from coral_cli.sessions.requests import PretrainRequest, TrainRequest
from coral_cli.sessions.supervision import Loop
from coral_cli.training.agent import Agent
from coral_cli.training.progress import Journal, Progress
from coral_cli.training.replay import Replay
from coral_cli.version import __version__

Request: TypeAlias = TrainRequest | PretrainRequest


@dataclass
class Begun:
    """The run of a ``request``, which is held, and the state that it goes on from (None: it is new).

    ``saved`` is the metadata of that state's checkpoint, ``damage`` what to say of a newer one that cannot be read, if
    there is one. ``about`` is what run.json says of this start. ``training`` is true from the first step on.
    """

    request: Request
    run: RunDirectory
    state: Mapping[str, Any] | None = None
    saved: Mapping[str, Json] = field(default_factory=dict)
    damage: str = ""
    about: Json = field(default_factory=dict)
    training: bool = False

    @property
    def progress(self) -> Progress:
        """The counters that the run goes on with."""
        return Progress.of(self.state["progress"]) if self.state is not None else Progress()

    @property
    def episodes(self) -> int:
        """The number of episodes that the replay had had when the state was saved."""
        return int(self.state["replay"]["next_serial"]) if self.state is not None else 0

    def load(self, trainee: Trainee, about: Json, capacity: int, known: int = 0) -> Replay:
        """Give ``trainee`` the weights to go on with, and open its replay of ``capacity``, with ``known`` episodes.

        The run.json of a new run then says ``about``. Raises what ``Replay`` does, CoralError for other sensors or
        another action size, and UnreadableError for weights that do not fit.
        """
        self._require_same(trainee.agent, trainee.sensors)
        self.about = about
        if self.state is None:
            self.run.write_start(about)
        return Replay(trainee.sensors, trainee.agent.action_size, capacity, self.run.replay, known)

    def _require_same(self, agent: Agent, sensors: Mapping[str, Sensor]) -> None:
        """Have a run that goes on do so with what it knows, before anything of it is opened for writing."""
        if self.state is None:
            return
        _require_same_spaces(self.run, self.saved, sensors, agent.action_size)
        try:
            agent.load_weights(self.state["agent"]["weights"])
        except (KeyError, RuntimeError) as error:
            raise UnreadableError(
                f"the checkpoint of {self.run.path} does not fit its own assembly ({' '.join(str(error).split())}).",
                "A component has changed since: go on with the version that the run was started with.",
            ) from error

    def go_on(self, loop: Loop) -> None:
        """Bring ``loop`` to where the run has stopped, and run.json up to date once that has worked."""
        if self.state is not None:
            loop.load_state_dict(self.state)
            self.run.write_start(self.about)

    def warn(self, journal: Journal, *remarks: str) -> None:
        """Tell of a damaged checkpoint, and whatever else there is to remark."""
        for message in filter(None, (self.damage, *remarks)):
            journal.emit("warning", message=message)


@contextmanager
def begin(request: Request, name: str, unit: str, budget: int | None) -> Iterator[Begun]:
    """Hold the run to resume, or a new one, which nobody else may train in meanwhile.

    Without a place of its own it is called ``name``, among the others where the command was started. A new run that
    ends before its first step leaves nothing behind, whatever the reason. Raises UnreadableError when there is nothing
    to go on from, and UsageError when that has done more of its ``unit`` (``steps``) than the ``budget`` asked for, or
    another process trains there.
    """
    resume = request.resume
    run = RunDirectory.open(resume) if resume else RunDirectory.create(request.out, name, absolute(RUNS), request.again)
    fresh = not run.metadata.exists()
    begun = Begun(request, run)
    with run.held():
        try:
            if resume is None:
                run.start_afresh()
            else:
                begun = _opened(request, run, unit, budget)
            yield begun
        except BaseException as error:
            if not begun.training:
                if fresh:
                    run.discard()
                error.add_note(_left(run, fresh))
            raise


def _opened(request: Request, run: RunDirectory, unit: str, budget: int | None) -> Begun:
    if not run.has_saved:
        find_checkpoint(run.path)  # which says so
    saved, state, damage = load_latest(run.checkpoints)
    if budget is not None and budget < (done := state["progress"][unit]):
        raise UsageError(f"--{unit} is {budget:,}, but the run has done {done:,} already.", "Ask for more.")
    return Begun(request, run, state, saved, damage)


def _left(run: RunDirectory, fresh: bool) -> str:
    """Say what becomes of a run that ends before its first step."""
    what = "nothing is left behind" if fresh else f"{as_written(run.path)} is as it was"
    return f"before the first step: {what}"


def _require_same_spaces(
    run: RunDirectory, saved: Mapping[str, Json], sensors: Mapping[str, Sensor], action_size: int
) -> None:
    known = saved.get("sensors", {})
    now = {name: {"kind": sensor.kind, "shape": list(sensor.shape)} for name, sensor in sensors.items()}
    given = {f"the sensor {name}": (_said(known.get(name)), _said(now.get(name))) for name in (known | now)}
    given["an action"] = _numbers(saved.get("action_size", action_size)), _numbers(action_size)
    for what, (before, here) in given.items():
        if before != here:
            raise CoralError(
                f"{run.path} knows {what} as {before}, but here it is {here}.",
                "Go on with the environment, or the data, that the run was started with.",
            )


def _said(sensor: Mapping[str, Json] | None) -> str:
    return f"{sensor['kind']} {'x'.join(map(str, sensor['shape']))}" if sensor else "absent"


def _numbers(count: int) -> str:
    return f"{count} number{'s' if count != 1 else ''}"


def about(assembly: Assembly, command: str, processes: int) -> dict[str, Json]:
    """Return what run.json says of every run at a start; a later resumption finds the budget it was last given."""
    return {
        "command": command,
        "typed": typed(),
        "assembly": assembly.to_json(),
        "coral": __version__,
        "commit": commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "processes": processes,
        "machine": machine(),
    }


def name_of(assembly: Assembly, data: str = "") -> str:
    """Name a new run's directory by environment, losses and seed; by its ``data`` where there is a recording alone."""
    task = assembly.choices["env"].component
    losses = [choice.component for slot, choice in assembly.choices.items() if slot.endswith("-loss")]
    return "-".join([data if task.startswith(RECORDING) else task, *losses, f"seed{assembly.settings.seed}"])
