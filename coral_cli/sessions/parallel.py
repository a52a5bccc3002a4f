"""Training in several processes that torchrun has started: one leads the session, the others follow it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.parallel.followers import Channel, Followers
from coral_cli.parallel.torchrun import Place, find_place
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.sensors import Sensor
from coral_cli.sessions.blame import naming
from coral_cli.sessions.device import choose_device
from coral_cli.training.batches import Batching
from coral_cli.training.interruption import Interruption
from coral_cli.training.progress import Journal
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates

PATIENCE = timedelta(days=30)
"""The time to wait for each other: an evaluation may take hours, and who dies is noticed at once."""


@dataclass(frozen=True)
class Start:
    """The news for followers: the sensors as the environment gives them, and where the replay is."""

    sensors: Mapping[str, Sensor]
    action_size: int
    replay: Path
    capacity: int


def in_step(assembly: Assembly, catalog: Catalog, lead: Callable[[Followers], int]) -> int:
    """Run ``lead`` in the first process, while the others follow what it orders; return the exit code.

    Without torchrun, the first process is the only one. Raises UsageError when the processes cannot share the batch, or
    the GPUs, evenly.
    """
    place, settings = find_place(), assembly.settings
    if place is None:
        with naming(assembly):
            return lead(Followers())
    require_even(settings.batch_size, place)
    with naming(assembly), joined(choose_device(settings.device, place)) as channel:
        if place.rank:
            return _follow(place, assembly, catalog, channel)
        with Followers(channel) as followers:
            return lead(followers)


def require_even(batch_size: int, place: Place) -> None:
    """Raise UsageError when a batch cannot be shared by all processes alike."""
    if batch_size % place.count:
        raise UsageError(
            f"{batch_size} sequences cannot be shared evenly by {place.count} processes.",
            f"Choose a --batch-size that {place.count} divides, or another --nproc-per-node.",
        )


@contextmanager
def joined(device: torch.device) -> Iterator[Channel]:
    """Connect the processes: through NCCL when they compute on GPUs, each on its own, else through gloo."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    yield Channel(timeout=PATIENCE)
    dist.destroy_process_group()  # not after an error, when others may still wait for an answer


def announce_processes(processes: int, batch_size: int, journal: Journal) -> None:
    """Tell how many processes learn together, if there are several."""
    if processes > 1:
        share = f"{batch_size // processes} of the {batch_size} sequences of a batch"
        journal.emit("note", message=f"{processes} processes, each with {share}.")


def _follow(place: Place, assembly: Assembly, catalog: Catalog, channel: Channel) -> int:
    with Interruption() as interruption:  # which of them it reaches does not matter: the first says when it is over
        _, start = channel.hear()
        if start is not None:
            obey(channel, updates_of(start, place, assembly, catalog))
    return interruption.exit_code


def obey(channel: Channel, updates: Updates) -> None:
    """Do every update that the leading process orders through ``channel``, until it is over."""
    while True:
        order, state = channel.hear()
        if order is None:
            return
        if order.episodes != updates.replay.next_serial:
            updates.replay.reread()
        if state is not None:
            updates.load_state_dict(torch.load(io.BytesIO(state), "cpu", weights_only=True))
        # A new seed for every update, so that nothing of a follower needs to be in a checkpoint.
        torch.manual_seed(order.noise + dist.get_rank())
        updates.do_share(order.shares, order.steps)


def updates_of(start: Start, place: Place, assembly: Assembly, catalog: Catalog) -> Updates:
    """Build a follower's updates from what the leading process told it."""
    settings = assembly.settings
    device = choose_device(settings.device, place)
    assembler = Assembler(assembly, catalog)
    learner = assembler.learner(assembler.agent(start.sensors, start.action_size, device))
    replay = Replay(start.sensors, start.action_size, start.capacity, start.replay)
    batching = Batching(settings.seed, settings.batch_size, settings.batch_length, settings.crop_margin or 0)
    return Updates(learner, replay, batching)
