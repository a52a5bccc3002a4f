"""What every training does around its loop, whether it learns from an environment or from a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import flags_of
from coral_cli.assembly.slots import OBSERVER
from coral_cli.parallel.followers import Followers
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.events import Listener
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.sessions.beginning import Begun
from coral_cli.sessions.blame import fault_of
from coral_cli.sessions.building import Trainee
from coral_cli.sessions.parallel import Start, announce_processes
from coral_cli.sessions.saved import metadata_of
from coral_cli.sessions.supervision import After, Loop, Supervision, supervised
from coral_cli.sessions.transfer import announce_frozen, announce_transfer
from coral_cli.training.batches import Batching
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates
from coral_cli.version import __version__


@dataclass(frozen=True)
class Prepared:
    """A run whose loop lacks nothing any more: ``trainee`` learns by ``updates``, and ``supervision`` is told."""

    begun: Begun
    trainee: Trainee
    updates: Updates
    supervision: Supervision

    def begin(self, loop: Loop, **about: Json) -> None:
        """Bring ``loop`` to where the run has stopped, if it goes on, and tell of the start, with ``about``."""
        request, run, journal = self.begun.request, self.begun.run, loop.journal
        settings = request.assembly.settings
        self.begun.go_on(loop)
        journal.begin(
            name=run.path.name,
            out=as_written(run.path),
            command=self.begun.about["command"],
            seed=settings.seed,
            device=str(self.trainee.agent.device),
            resumed=request.resume is not None,
            replay_bytes=self.updates.replay.bytes,
            **about,
            **_flags_said(request.assembly, request.catalog),
        )
        announce_transfer(self.trainee.transfer, journal)
        if not request.resume:
            announce_frozen(settings, journal)
        announce_processes(self.updates.processes, settings.batch_size, journal)

    def carry_out(self, loop: Loop, after: After, *remarks: str) -> int:
        """Tell ``remarks``, run ``loop`` until it ends or is interrupted, and tell the ending; return the exit code."""
        begun, updates, trainee = self.begun, self.updates, self.trainee
        begun.warn(loop.journal, *remarks, updates.replay.remark)
        begun.training = True
        sources = trainee.learner, trainee.sensors, updates.replay, updates.batching
        return self.supervision.carry_out(loop, after, partial(fault_of, begun.run, trainee.assembler, *sources))


@contextmanager
def prepared(
    begun: Begun,
    trainee: Trainee,
    replay: Replay,
    batching: Batching,
    followers: Followers,
    display: Listener,
    **about: Json,
) -> Iterator[Prepared]:
    """Give what a loop around ``trainee`` needs to learn in ``begun``. Its checkpoints also say ``about``."""
    assembly, run = begun.request.assembly, begun.run
    sensors, action_size = trainee.sensors, trainee.agent.action_size
    followers.begin(Start(sensors, action_size, run.replay, replay.capacity))
    updates = Updates(trainee.learner, replay, batching, followers)
    metadata = metadata_of(assembly, sensors, action_size) | {"coral": __version__, **about}
    with supervised(run, assembly, metadata, display, trainee.assembler.observers()) as supervision:
        yield Prepared(begun, trainee, updates, supervision)


def _flags_said(assembly: Assembly, catalog: Catalog) -> dict[str, Json]:
    """Return what the start event says of every component, option and setting but the observers': ``flag/NAME``.

    Lists are texts, as on the command line.
    """
    flags = flags_of(assembly.unobserved(), catalog)
    return {
        f"flag/{name}": ",".join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in flags.items()
        if name != OBSERVER
    }
