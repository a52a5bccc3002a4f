"""A component that returns a wrong shape is named, with the shape that is expected and the one it gave."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from coral_cli.registry.contracts import Trajectory
from coral_cli.registry.errors import PluginError

from .small import ACTION, BATCH, CORAL, STEPS, UNIFIED, random_batch, small


def learned(break_it):
    model = small(CORAL, UNIFIED)
    break_it(model)
    return model(random_batch())


def returns(module, change):
    forward = module.forward
    module.forward = lambda *given: change(forward(*given))


def test_right_shapes_pass():
    assert torch.isfinite(learned(lambda model: None).total)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda e: e[:, None], "of shape (12, 1, 4)"),
        (lambda e: e[:, :3], "of shape (12, 3)"),
        (lambda e: None, "a NoneType"),
    ],
)
def test_an_encoder_is_named(change, seen):
    with pytest.raises(PluginError) as caught:
        learned(lambda model: returns(model.encoders["eye"], change))
    expected = f"a tensor of shape ({BATCH * STEPS}, 4) is expected."
    assert caught.value.message == f"--eye-encoder: an embedding is {seen}, but {expected}"


@pytest.mark.parametrize(
    ("change", "seen"), [(lambda value: value[None], "of shape (1,)"), (lambda value: value.item(), "a float")]
)
def test_a_loss_is_named(change, seen):
    with pytest.raises(PluginError, match=r"^--skin-loss: its value is ") as caught:
        learned(lambda model: returns(model.losses["skin"], lambda found: (change(found[0]), found[1])))
    assert seen in caught.value.message and "a tensor of shape () is expected" in caught.value.message


@pytest.mark.parametrize(
    ("part", "what"), [("h", "h of scan"), ("z", "z of scan"), ("posterior", "the posterior's mean")]
)
def test_an_rssm_is_named(part, what):
    def break_it(model):
        scan = model.rssm.scan

        def broken(*given):
            found = scan(*given)
            parts = {"h": found.h, "z": found.z, "posterior": found.posterior}
            turned = {"h": found.h.transpose(0, 1), "z": found.z.transpose(0, 1)}
            turned["posterior"] = SimpleNamespace(mean=found.posterior.mean.transpose(0, 1))
            return Trajectory(**{**parts, part: turned[part]})

        model.rssm.scan = broken

    with pytest.raises(PluginError) as caught:
        learned(break_it)
    assert caught.value.message.startswith(f"--rssm: {what} is of shape ({STEPS}, {BATCH}, ")


def test_a_loss_without_metrics_is_told_what_a_pair_is():
    with pytest.raises(PluginError) as caught:
        learned(lambda model: returns(model.losses["skin"], lambda found: found[0]))
    assert caught.value.message.startswith("--skin-loss returned a Tensor, but a pair is expected")


def test_a_metric_that_is_no_scalar_is_named():
    with pytest.raises(PluginError) as caught:
        learned(lambda model: returns(model.losses["skin"], lambda found: (found[0], {"mine": torch.zeros(3, 4)})))
    assert caught.value.message.startswith("--skin-loss: metric 'mine' is of shape (3, 4)")


@pytest.mark.parametrize(("part", "what"), [("predict", "h of predict"), ("update", "the posterior's mean")])
def test_a_step_of_an_rssm_is_named(part, what):
    model = small(CORAL, UNIFIED)
    own = getattr(model.rssm, part)

    def narrow(*given):
        found = own(*given)
        return found[:, :-1] if part == "predict" else SimpleNamespace(mean=found.mean[:, :-1])

    setattr(model.rssm, part, narrow)
    batch = random_batch()
    with pytest.raises(PluginError) as caught:
        model.step(model.initial(BATCH), batch.actions[:, 0], {n: v[:, 0] for n, v in batch.observations.items()})
    assert caught.value.message.startswith(f"--rssm: {what} is of shape (3, ")


def test_a_prior_is_named():
    def break_it(model):
        prior = model.rssm.prior
        model.rssm.prior = lambda h: SimpleNamespace(mean=prior(h).mean[..., :-1])

    with pytest.raises(PluginError, match="--rssm: the prior's mean is of shape"):
        learned(break_it)


def narrowed(model):
    predict = model.rssm.predict
    model.rssm.predict = lambda *given: predict(*given)[:, :-1]


def test_steps_into_the_unseen_are_named():
    model = small(CORAL, replace(UNIFIED, open_loop=2))
    narrowed(model)
    with pytest.raises(PluginError, match="--rssm: h of predict is of shape"):
        model(random_batch())


def test_imagined_steps_are_named():
    model = small(CORAL, UNIFIED)
    world = model(random_batch()).world
    narrowed(model)
    with pytest.raises(PluginError, match="--rssm: h of predict is of shape"):
        world.step(world.h, world.z, torch.zeros(len(world.h), ACTION))
