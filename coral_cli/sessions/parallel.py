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
from coral_cli.assembly.record import Assembly
from coral_cli.parallel.crew import Channel, Crew
from coral_cli.parallel.torchrun import Place, find_place
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.records import Sensor
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.supervision import Loop
from coral_cli.training.batches import Batching
from coral_cli.training.interruption import Interruption
from coral_cli.training.learner import Learner
from coral_cli.training.replay import Replay

PATIENCE = timedelta(days=30)
"""How long to wait for each other: an evaluation may take hours, and who dies is noticed at once."""


@dataclass(frozen=True)
class Start:
    """What the followers need to know: the sensors as the environment gives them, and where the replay is."""

    sensors: Mapping[str, Sensor]
    action_size: int
    replay: Path
    capacity: int


def in_step(assembly: Assembly, catalog: Catalog, lead: Callable[[Crew], int]) -> int:
    """Runs ``lead`` in the first process, while the others follow what it orders; returns the exit code.

    Without torchrun, the first process is the only one. Raises UsageError when the processes cannot share the batch, or
    the GPUs, evenly.
    """
    place, settings = find_place(), assembly.settings
    if place is None:
        return lead(Crew())
    require_even(settings.batch_size, place)
    with joined(choose_device(settings.device, place)) as channel:
        if place.rank:
            return _follow(place, assembly, catalog, channel)
        with Crew(channel) as crew:
            return lead(crew)


def require_even(batch_size: int, place: Place) -> None:
    """Raises UsageError when a batch cannot be shared by all processes alike."""
    if batch_size % place.count:
        raise UsageError(
            f"{batch_size} sequences cannot be shared evenly by {place.count} processes.",
            f"Choose a --batch-size that {place.count} divides, or another --nproc-per-node.",
        )


@contextmanager
def joined(device: torch.device) -> Iterator[Channel]:
    """Connects the processes: through NCCL when they compute on GPUs, each on its own, else through gloo."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    yield Channel(timeout=PATIENCE)
    dist.destroy_process_group()  # not after an error, when others may still wait for an answer


def announce_crew(crew: Crew, batch_size: int, loop: Loop) -> None:
    """Tells how many processes learn together, if there are several."""
    if crew.count > 1:
        share = f"{batch_size // crew.count} of the {batch_size} sequences of a batch"
        loop.emit("note", message=f"{crew.count} processes, each with {share}.")


def _follow(place: Place, assembly: Assembly, catalog: Catalog, channel: Channel) -> int:
    with Interruption() as interruption:  # which of them it reaches does not matter: the first says when it is over
        _, start = channel.hear()
        if start is not None:
            follow(_learner(start, place, assembly, catalog), channel)
    return interruption.exit_code


def follow(learner: Learner, channel: Channel) -> None:
    """Does every update that is ordered, until it is over."""
    while True:
        order, state = channel.hear()
        if order is None:
            return
        if order.episodes != learner.replay.next_serial:
            learner.replay.reread()
        if state is not None:
            learner.load_state_dict(torch.load(io.BytesIO(state), "cpu", weights_only=True))
        # A new seed for every update, so that nothing of a follower needs to be in a checkpoint.
        torch.manual_seed(order.noise + dist.get_rank())
        learner.learn(order.shares)


def _learner(start: Start, place: Place, assembly: Assembly, catalog: Catalog) -> Learner:
    settings = assembly.settings
    device = choose_device(settings.device, place)
    agent = Assembler(assembly, catalog).agent(start.sensors, start.action_size, device)
    replay = Replay(start.sensors, start.action_size, start.capacity, start.replay)
    batching = Batching(settings.seed, settings.batch_size, settings.batch_length, settings.crop_margin or 0)
    return Learner(agent, replay, batching)
