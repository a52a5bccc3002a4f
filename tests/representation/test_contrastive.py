"""InfoNCE against a plain NumPy loop over pairs."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from coral_cli.registry.contracts import LossBatch
from coral_cli.representation.losses.contrastive import InfoNCE


def reference(observation, state, scale):
    """-1/2N sum_i log softmax_j(s e_i.f_j)[i] + the same over i, pair by pair."""
    n, total = len(observation), 0.0
    scores = np.array([[scale * float(np.dot(observation[i], state[j])) for j in range(n)] for i in range(n)])
    for i in range(n):
        total -= scores[i, i] - math.log(sum(math.exp(scores[i, j]) for j in range(n)))
        total -= scores[i, i] - math.log(sum(math.exp(scores[j, i]) for j in range(n)))
    return total / (2 * n)


def batch(mask=None):
    torch.manual_seed(0)
    return LossBatch(torch.zeros(2, 3, 1), torch.randn(2, 3, 4), torch.randn(2, 3, 5), mask)


def test_it_equals_the_reference():
    data, loss = batch(), InfoNCE(4, 5, projection=6, hidden=7, layers=2, scale_lr=2e-3)
    observation = loss.observation(data.embedding.flatten(0, 1)).detach().numpy()
    state = loss.state(data.features.flatten(0, 1)).detach().numpy()
    assert loss(data)[0].item() == pytest.approx(reference(observation, state, scale=1.0), rel=1e-5)


def test_masked_steps_are_neither_positives_nor_negatives():
    mask = torch.tensor([[True, True, True], [True, False, False]])
    data, loss = batch(mask), InfoNCE(4, 5, 6, 7, 2, 2e-3)
    keep = mask.flatten().numpy()
    observation = loss.observation(data.embedding.flatten(0, 1)).detach().numpy()[keep]
    state = loss.state(data.features.flatten(0, 1)).detach().numpy()[keep]
    assert loss(data)[0].item() == pytest.approx(reference(observation, state, 1.0), rel=1e-5)


def test_two_orthogonal_pairs_by_hand():
    # logits = identity: each direction costs log(e + 1) - 1
    loss = InfoNCE(2, 2, 2, 1, 0, 2e-3)
    loss.observation = loss.state = nn.Identity()
    pairs = torch.eye(2)[None]
    value, metrics = loss(LossBatch(pairs, pairs, pairs))
    assert value.item() == pytest.approx(math.log(math.e + 1) - 1)
    assert metrics["accuracy"].item() == 1.0


def test_equal_embeddings_cost_log_n():
    loss = InfoNCE(4, 5, 6, 7, 2, 2e-3)
    same = LossBatch(torch.zeros(2, 3, 1), torch.ones(2, 3, 4), torch.ones(2, 3, 5))
    assert loss(same)[0].item() == pytest.approx(math.log(6), abs=1e-5)


def test_the_scale_starts_at_one_and_has_its_own_rate():
    loss = InfoNCE(4, 5, 6, 7, 2, 2e-3)
    assert torch.nn.functional.softplus(loss.raw_scale).item() == pytest.approx(1.0)
    assert loss.learning_rates == {"raw_scale": 2e-3}


def test_sizes_of_the_paper():
    loss = InfoNCE(1024, 264, 50, 256, 2, 2e-3)
    rho_o = 1024 * 50 + 50 + 2 * 50
    rho_z = 264 * 256 + 256 + 256 * 256 + 256 + 256 * 50 + 50 + 2 * 50
    assert sum(p.numel() for p in loss.parameters()) == rho_o + rho_z + 1
