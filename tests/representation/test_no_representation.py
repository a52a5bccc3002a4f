"""Without a representation: empty states and features, nothing to learn."""

import torch

from coral_cli.representation.gradients import gradient_shares
from coral_cli.representation.no_representation import NoRepresentation

from .small import random_batch


def test_the_objective_has_no_terms_and_the_features_are_empty():
    losses = NoRepresentation()(random_batch())
    assert losses.terms == {} and losses.metrics == {} and losses.embeddings == {} and losses.world is None
    assert losses.total.shape == () and losses.total.item() == 0.0
    assert losses.features.shape == (3, 4, 0) and losses.features.dtype == torch.float32
    assert gradient_shares(losses) == {}


def test_it_has_nothing_to_learn_and_nothing_to_save():
    model = NoRepresentation()
    assert list(model.parameters()) == [] and model.state_dict() == {}
    assert model.feature_size == 0
    assert [len(part) for part in (model.encoders, model.losses, model.heads)] == [0, 0, 0]


def test_a_step_leaves_the_empty_state_as_it_is():
    model = NoRepresentation()
    state = model.initial(5)
    assert state.h.shape == state.z.shape == (5, 0)
    after, features = model.step(state, torch.zeros(5, 2), {"skin": torch.ones(5, 3)})
    assert after is state and features.shape == (5, 0)


def test_it_draws_no_noise():
    before = torch.get_rng_state()
    NoRepresentation()(random_batch())
    assert torch.equal(before, torch.get_rng_state())
