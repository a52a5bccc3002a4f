"""Errors that components did not expect, told by the component's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.registry.errors import CoralError, raised_by, slot_of
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import load_latest
from coral_cli.runs.directory import RunDirectory
from coral_cli.training.batches import Batching
from coral_cli.training.fault import first_not_finite
from coral_cli.training.learner import Learner
from coral_cli.training.replay import Replay


@contextmanager
def naming(assembly: Assembly) -> Iterator[None]:
    """Give what a component of ``assembly`` raises inside, SystemExit too, its name. Raises CoralError then."""
    try:
        yield
    except CoralError:  # which speaks for itself
        raise
    except (Exception, SystemExit) as error:
        if not slot_of(error):
            raise
        raise raised_by(name_of(assembly, slot_of(error)), error) from error


def fault_of(
    run: RunDirectory,
    assembler: Assembler,
    learner: Learner,
    sensors: Mapping[str, Sensor],
    replay: Replay,
    batching: Batching,
) -> str:
    """Say where numbers have stopped being finite, for the end of a sentence; "" if nobody knows.

    The agent gets the weights of the last checkpoint for that, or new ones: it is broken anyway.
    """

    def earlier() -> Mapping[str, Tensor]:
        if run.has_saved:
            _, state, _ = load_latest(run.checkpoints)
            weights: Mapping[str, Tensor] = state["agent"]["weights"]
            return weights
        torch.manual_seed(assembler.assembly.settings.seed)
        agent = learner.agent
        return assembler.agent(sensors, agent.action_size, agent.device).weights()

    found = first_not_finite(learner, replay, batching, earlier)
    if not found:
        return ""
    flag, _, what = found.partition(":")
    slots = {slot.replace("_", "-"): slot for slot in assembler.assembly.choices}
    return f"; it begins in {name_of(assembler.assembly, slots[flag.removeprefix('--')])}:{what}"


def name_of(assembly: Assembly, slot: str) -> str:
    """Name what is in ``slot``: ``loss cpc (--image-loss)``."""
    choice = assembly.choices.get(slot)
    flag = slot.replace("_", "-")
    if choice is None:
        return f"--{flag}"
    known = slot == choice.kind or slot.startswith(f"{choice.kind}.") or slot == "env"
    return f"{choice.kind} {choice.component}" + ("" if known else f" (--{flag})")
