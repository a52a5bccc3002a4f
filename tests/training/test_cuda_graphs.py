"""A captured update is the update; on a machine with a GPU."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from coral_cli.plugin import PolicyInputs
from coral_cli.policies.imagination import Imagination
from coral_cli.policies.options import ImaginationOptions, SacOptions
from coral_cli.policies.sac import Sac
from coral_cli.representation.batch import Batch
from coral_cli.representation.heads import HeadSizes
from coral_cli.training.agent import Agent
from coral_cli.training.cuda_graphs import WARM_UP
from coral_cli.training.learner import Learner, LearnerOptions

from ..representation.small import ACTION, FEATURES, PREDICTIVE, SENSORS, VARIATIONAL, random_batch, small

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

CASES = {
    "cv": ("infonce", VARIATIONAL, False),
    "cpc": ("infonce", PREDICTIVE, False),
    "recon": ("recon", VARIATIONAL, False),
    "imagination": ("recon", VARIATIONAL, True),
}
UPDATES = WARM_UP + 4


def on_gpu(case: str, precision: str = "fp32", continues: bool = False) -> Learner:
    """Always with the same weights."""
    loss, objective, imagines = CASES[case]
    heads = HeadSizes(hidden=5, layers=2, inverse_dynamics=0.7, continues=continues)
    model = small({"eye": loss, "skin": "recon"}, objective, heads=heads)
    torch.manual_seed(5)
    inputs = PolicyInputs(FEATURES)
    if imagines:
        policy = Imagination(inputs, ACTION, ImaginationOptions(hidden=5, layers=1, horizon=3))
    else:
        policy = Sac(inputs, ACTION, SacOptions(hidden=5, layers=1))
    agent = Agent(model, policy, SENSORS, ACTION, torch.device("cuda"))
    return Learner(agent, LearnerOptions(1e-3, 10.0, precision, imagines=imagines))


def batches() -> list[Batch]:
    """As many as there are updates."""
    made = [random_batch(seed=number) for number in range(UPDATES)]
    return [
        Batch({n: v.cuda() for n, v in b.observations.items()}, b.actions.cuda(), b.rewards.cuda(), b.terminated.cuda())
        for b in made
    ]


def after(update, learner, shares=False):
    """What every update measures, and the weights in the end."""
    torch.manual_seed(0)
    metrics = [{name: float(value) for name, value in update(batch, shares).items()} for batch in batches()]
    return metrics, deepcopy(learner.agent.weights())


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("case", list(CASES))
def test_it_gives_what_the_update_gives(case, precision, shares):
    captured, plain = on_gpu(case, precision), on_gpu(case, precision)
    metrics, weights = after(captured.update, captured, shares)
    assert [structure.graph is not None for structure in captured.graphed.structures.values()] == [True]
    expected, expected_weights = after(plain.step_by_step, plain, shares)
    for found, wanted in zip(metrics, expected, strict=True):
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    for name, value in expected_weights.items():
        torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=1e-5, msg=name)


def test_a_loaded_agent_goes_on_from_what_it_loaded():
    learner = on_gpu("cpc")
    start = deepcopy(learner.state_dict())
    first, weights = after(learner.update, learner)
    learner.load_state_dict(start)
    again, weights_again = after(learner.update, learner)
    assert again[-1] == pytest.approx(first[-1], rel=1e-4, abs=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(weights_again[name], value, rtol=1e-3, atol=1e-5, msg=name)


def test_what_reads_a_value_is_done_step_by_step():
    learner = on_gpu("cv")
    original = learner.agent.policy.update
    learner.agent.policy.update = lambda seen: {**original(seen), "read": torch.tensor(float(seen.rewards[0, 0]))}
    metrics, _ = after(learner.update, learner)
    (structure,) = learner.graphed.structures.values()
    assert structure.waits and structure.graph is None
    assert [found["policy/read"] for found in metrics] == [float(batch.rewards[0, 0]) for batch in batches()]


def test_imagining_from_some_steps_is_done_step_by_step():
    learner = on_gpu("imagination", continues=True)
    after(learner.update, learner)
    (structure,) = learner.graphed.structures.values()
    assert structure.waits and structure.graph is None


def test_masked_batches_are_done_step_by_step():
    learner = on_gpu("cpc")
    for batch in batches():
        mask = torch.ones_like(batch.terminated)
        mask[1, 1:] = False
        metrics = learner.update(replace(batch, mask=mask))
    assert not learner.graphed.structures and all(torch.isfinite(value) for value in metrics.values())
