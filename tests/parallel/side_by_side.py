"""One update of a small agent, by one process or as one of several: what it measured, and the gradients it took.

As a program, ``python -m tests.parallel.side_by_side DIRECTORY RANK COUNT`` saves them for every case.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import torch
import torch.distributed as dist

from coral_cli.parallel import ranks
from coral_cli.plugin import PolicyInputs
from coral_cli.policies.imagination import Imagination
from coral_cli.policies.options import ImaginationOptions, SacOptions
from coral_cli.policies.sac import Sac
from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent
from coral_cli.training.learner import Learner, LearnerOptions

from ..representation.small import ACTION, FEATURES, PREDICTIVE, SENSORS, UNIFIED, VARIATIONAL, random_batch, small

SEQUENCES, STEPS = 4, 5
HUGE = 1e9


@dataclasses.dataclass(frozen=True)
class Case:
    """An agent and a batch; the second sequence of a ``masked`` one is short, so that one share holds fewer steps."""

    eye: str = "infonce"
    objective: object = VARIATIONAL
    masked: bool = False
    missing: bool = False
    imagines: bool = False
    clip: float = HUGE
    negatives: str = "all"


CASES = {
    "cv": Case(),
    "cpc": Case(objective=PREDICTIVE),
    "cpc masked": Case(objective=PREDICTIVE, masked=True),
    "unified masked missing": Case(objective=UNIFIED, masked=True, missing=True),
    "other sequences": Case(negatives="other-sequences", missing=True),
    "recon": Case(eye="recon"),
    "recon masked": Case(eye="recon", masked=True, missing=True),
    "clipped": Case(masked=True, clip=0.5),
    "imagination": Case(imagines=True),
    "imagination masked": Case(imagines=True, masked=True),
}


def learner_of(case: Case) -> Learner:
    """Always with the same weights."""
    model = small({"eye": case.eye, "skin": "recon"}, case.objective)
    if case.eye == "infonce":
        model.losses["eye"].negatives = case.negatives
    torch.manual_seed(5)
    inputs = PolicyInputs(FEATURES)
    policy = (
        Imagination(inputs, ACTION, ImaginationOptions(hidden=5, layers=1, horizon=3))
        if case.imagines
        else Sac(inputs, ACTION, SacOptions(hidden=5, layers=1))
    )
    agent = Agent(model, policy, SENSORS, ACTION, torch.device("cpu"))
    return Learner(agent, LearnerOptions(1e-3, case.clip, "fp32", imagines=case.imagines))


def cut(batch: Batch, part: slice) -> Batch:
    """Some of its sequences."""
    fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
    for name, value in fields.items():
        if isinstance(value, torch.Tensor):
            fields[name] = value[part]
        elif value is not None:
            fields[name] = {key: tensor[part] for key, tensor in value.items()}
    return Batch(**fields)


@contextmanager
def same_noise() -> Iterator[None]:
    """The same noise for every sequence, wherever it is computed."""

    def normal(*shape, **options):
        options.pop("generator", None)
        return torch.full(shape[0] if isinstance(shape[0], tuple | list | torch.Size) else shape, 0.3, **options)

    with (
        patch.object(torch, "randn_like", lambda like, **_: torch.full_like(like, 0.3)),
        patch.object(torch, "randn", normal),
        patch.object(torch.Tensor, "normal_", lambda self, *_, **__: self.fill_(0.3)),
    ):
        yield


def learned(case: Case) -> dict[str, dict[str, torch.Tensor]]:
    """``metrics`` and ``gradients`` of one update of this process's share of the batch."""
    learner = learner_of(case)
    whole = random_batch(masked=case.masked, missing=case.missing, shape=(SEQUENCES, STEPS))
    with same_noise():
        metrics = ranks.averaged(learner.update(cut(whole, ranks.part(SEQUENCES)), shares=True))
    modules = {"model": learner.agent.representation, "policy": learner.agent.policy}
    return {
        "metrics": {name: value.detach().clone() for name, value in metrics.items()},
        "gradients": {
            f"{part}.{name}": parameter.grad.clone()
            for part, module in modules.items()
            for name, parameter in module.named_parameters()
            if parameter.grad is not None
        },
    }


def main(directory: Path, rank: int, count: int) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{directory}/meeting", rank=rank, world_size=count)
    torch.save({name: learned(case) for name, case in CASES.items()}, directory / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
