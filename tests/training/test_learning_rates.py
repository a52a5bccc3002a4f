"""Learning rates that fall at given steps."""

import pytest
import torch
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

from coral_cli.training.learning_rates import LearningRates

from .walk import Run, learner

DROPS = {"lr_drops": (100, 150), "lr_drop_factor": 0.5}


def adam(*rates):
    return Adam([{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates])


def rates_of(*optimizers):
    return [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]


def test_rates_fall_at_each_drop_by_the_factor():
    one, other = adam(1.0, 0.5), adam(0.25)
    rates = LearningRates([one, other], [300, 100], 0.5)
    seen = []
    for steps in (0, 99, 100, 299, 300, 1000):
        rates.set(steps)
        seen.append(rates_of(one, other))
    first, second, third = [1.0, 0.5, 0.25], [0.5, 0.25, 0.125], [0.25, 0.125, 0.0625]
    assert seen == [first, first, second, second, third, third]


def test_it_says_when_something_was_to_be_done():
    rates = LearningRates([adam(1.0)], [100], 0.1)
    assert [rates.set(steps) for steps in (0, 1, 99, 100, 101)] == [False, False, False, True, False]


def test_without_drops_an_optimiser_keeps_what_its_own_scheduler_sets():
    optimizer = adam(1.0)
    rates, scheduler = LearningRates([optimizer], [], 0.1), StepLR(optimizer, 1, 0.5)
    optimizer.step()
    scheduler.step()
    assert not rates.set(1000) and rates_of(optimizer) == [0.5]


@pytest.mark.parametrize(("drops", "expected"), [((100,), 0.3), ((200,), 1.0), ((100, 120), 0.09), ((), 1.0)])
def test_a_checkpoint_is_gone_on_with_at_the_rates_of_its_steps(drops, expected):
    """Whatever the rates were when it was saved: the drops may be others now."""
    before = learner(lr_drops=(100,), lr_drop_factor=0.3)
    before.set_rates(150)
    assert all(rate == pytest.approx(0.3 * 1e-3) for rate in rates_of(*before.optimizers().values()))
    after = learner(lr_drops=drops, lr_drop_factor=0.3)
    after.set_rates(0)
    after.load_state_dict(before.state_dict())
    after.set_rates(150)
    assert set(after.optimizers()) == {"model", "actor", "critics", "entropy_weight"}
    assert all(rate == pytest.approx(expected * 1e-3) for rate in rates_of(*after.optimizers().values()))


def test_an_older_checkpoint_does_not_say_what_its_rates_are_multiples_of():
    before, after = (learner(lr_drops=(100,), lr_drop_factor=0.3) for _ in range(2))
    before.set_rates(150)
    state = before.state_dict()
    del state["rates"]
    after.load_state_dict(state)
    after.set_rates(150)
    assert all(rate == pytest.approx(0.3 * 1e-3) for rate in rates_of(*after.optimizers().values()))


def test_graphs_of_updates_are_dropped_with_the_rates_in_them():
    class Graphed:
        forgotten = 0

        def forget(self):
            self.forgotten += 1

    subject = learner(lr_drops=(100,), lr_drop_factor=0.3)
    subject.graphed = Graphed()
    for steps in (0, 50, 100, 150):
        subject.set_rates(steps)
    assert subject.graphed.forgotten == 1


def test_a_run_tells_of_its_drops_and_learns_at_the_rates_of_its_steps():
    run = Run(steps=180, lr=1e-3, **DROPS)
    used, do = [], run.learner.update

    def update(batch, shares):
        used.append((run.trainer.progress.steps, rates_of(*run.learner.optimizers().values())))
        return do(batch, shares)

    run.learner.update = update
    run.trainer.run()
    for steps, rates in used:
        scale = 1.0 if steps < 100 else 0.5 if steps < 150 else 0.25
        assert rates == pytest.approx([scale * 1e-3] * 4)
    assert {steps for steps, _ in used} == set(range(36, 181, 18))
    notes = run.of("note")
    assert [event.step for event in notes] == [108, 162]  # the first episodes' ends after 100 and 150 steps
    assert "0.5 times" in notes[0].values["message"] and "0.25 times" in notes[1].values["message"]
