"""Each term's share of the gradient that reaches the encoders."""

import math

import pytest
import torch

from coral_cli.representation.gradients import gradient_shares
from coral_cli.representation.objective import Losses

from .small import CORAL, PREDICTIVE, UNIFIED, VARIATIONAL, random_batch, small


def losses_of(**terms):
    """Terms made from one embedding ``eye`` (1, 2, 2) and one ``skin`` (1, 2, 1) of ones."""
    embeddings = {"eye": torch.ones(1, 2, 2, requires_grad=True), "skin": torch.ones(1, 2, 1, requires_grad=True)}
    made = {name: term(embeddings["eye"], embeddings["skin"]) for name, term in terms.items()}
    return Losses(made, {}, torch.zeros(1, 2, 3), embeddings)


def test_shares_follow_the_norms_of_the_gradients_at_all_embeddings():
    losses = losses_of(
        near=lambda eye, skin: 3 * eye[0, 0, 0] + 4 * skin[0, 1, 0],  # norm 5, over both sensors
        far=lambda eye, skin: eye.square().sum(),  # 2 in each of four entries: norm 4
        kl=lambda eye, skin: skin[0, 0, 0],  # norm 1
        elsewhere=lambda eye, skin: torch.zeros(1, requires_grad=True).sum(),  # does not reach them
    )
    shares = {name: share.item() for name, share in gradient_shares(losses).items()}
    assert shares == pytest.approx({"near": 0.5, "far": 0.4, "kl": 0.1, "elsewhere": 0.0})


def test_terms_without_any_gradient_have_no_share():
    losses = losses_of(eye=lambda eye, skin: eye.sum(), constant=lambda eye, skin: torch.tensor(3.0))
    assert {name: share.item() for name, share in gradient_shares(losses).items()} == {"eye": 1.0}


def test_no_gradient_at_all_is_no_share_for_anyone():
    losses = losses_of(eye=lambda eye, skin: 0.0 * eye.sum(), skin=lambda eye, skin: 0.0 * skin.sum())
    assert {name: share.item() for name, share in gradient_shares(losses).items()} == {"eye": 0.0, "skin": 0.0}


@pytest.mark.parametrize("objective", [VARIATIONAL, PREDICTIVE, UNIFIED])
def test_shares_of_an_objective_sum_to_one(objective):
    shares = gradient_shares(small(objective=objective)(random_batch(masked=True, missing=True)))
    assert set(shares) == {"eye", "skin", "reward", "continue", "inverse", "kl"}
    assert sum(share.item() for share in shares.values()) == pytest.approx(1.0)
    assert all(share.item() > 0 for share in shares.values())


def test_a_share_is_of_the_weighted_term():
    """Ten times the weight: ten times the gradient, against the same of the others."""
    batch, shares = random_batch(), []
    for weight in (1.0, 10.0):
        torch.manual_seed(3)
        shares.append(gradient_shares(small(CORAL, weights={"skin": weight})(batch)))
    odds = [share["skin"].item() / (1 - share["skin"].item()) for share in shares]
    assert odds[1] == pytest.approx(10 * odds[0], rel=1e-4)


def test_shares_are_those_of_the_objective_s_own_backward_pass():
    """Each term alone, by hand: the gradient that ``backward`` leaves at the embeddings."""
    model, batch = small(), random_batch()
    norms = {}
    for name in ("eye", "skin", "reward", "continue", "inverse", "kl"):
        torch.manual_seed(3)
        losses = model(batch)
        for embedding in losses.embeddings.values():
            embedding.retain_grad()
        losses.terms[name].backward()
        norms[name] = math.sqrt(sum(e.grad.square().sum().item() for e in losses.embeddings.values()))
    torch.manual_seed(3)
    shares = {name: share.item() for name, share in gradient_shares(model(batch)).items()}
    assert shares == pytest.approx({name: norm / sum(norms.values()) for name, norm in norms.items()}, rel=1e-4)


def test_frozen_encoders_have_no_shares():
    model = small()
    model.encoders.requires_grad_(False)
    assert gradient_shares(model(random_batch())) == {}


def test_one_frozen_encoder_is_left_out():
    model = small()
    model.encoders["eye"].requires_grad_(False)
    assert sum(share.item() for share in gradient_shares(model(random_batch())).values()) == pytest.approx(1.0)


def test_measuring_changes_neither_gradients_nor_randomness():
    model, batch = small(objective=UNIFIED), random_batch()
    gradients = []
    for measured in (False, True):
        model.zero_grad()
        torch.manual_seed(3)
        losses = model(batch)
        before = torch.get_rng_state()
        if measured:
            gradient_shares(losses)
            assert all(parameter.grad is None for parameter in model.parameters())
            assert torch.equal(before, torch.get_rng_state())
        losses.total.backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    assert all(torch.equal(plain, after) for plain, after in zip(*gradients, strict=True))
