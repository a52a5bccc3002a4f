"""What is foreseen is the RSSM's own prior, rolled out with the actions that were taken."""

from __future__ import annotations

import torch

from coral_cli.inside.open_loop import foreseen
from coral_cli.registry.contracts import Trajectory
from coral_cli.registry.options import NoOptions
from coral_cli.representation.heads import HeadSizes, build_heads
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm
from coral_cli.representation.world import LearnedWorld
from coral_cli.testing.toys import ACTION, HIDDEN, LATENT, toy_rssm

BATCH, STEPS = 3, 4


def test_it_is_the_prior_step_by_step() -> None:
    torch.manual_seed(0)
    rssm = toy_rssm(NoOptions(), 6, ACTION)
    h, z = torch.randn(BATCH, HIDDEN), torch.randn(BATCH, LATENT)
    actions = torch.rand(BATCH, STEPS, ACTION)
    torch.manual_seed(1)
    found = foreseen(rssm, h, z, actions)
    assert found.shape == (BATCH, STEPS, LATENT + HIDDEN)

    posterior = rssm.update(h[:, None], torch.zeros(BATCH, 1, 6))
    world = LearnedWorld(
        rssm, build_heads(HeadSizes(), LATENT + HIDDEN, ACTION), Trajectory(h[:, None], z[:, None], posterior), None
    )
    torch.manual_seed(1)
    for step in range(STEPS):
        h, z = world.step(h, z, actions[:, step])
        torch.testing.assert_close(found[:, step], torch.cat([rssm.prior(h).mean, h], -1))


def test_without_noise_it_is_the_gru_by_hand() -> None:
    """With deviations of nearly nothing, a state goes on from the prior's mean."""
    torch.manual_seed(0)
    rssm = GruRssm(6, ACTION, HIDDEN, LATENT, 2 * LATENT, Gaussians(0.0), hidden=8, layers=1)
    final = rssm.prior_network[-1]
    with torch.no_grad():
        final.bias[LATENT:] = -80  # softplus of it
    h, z, actions = torch.randn(1, HIDDEN), torch.randn(1, LATENT), torch.rand(1, STEPS, ACTION)
    found = foreseen(rssm, h, z, actions)
    with torch.no_grad():
        for step in range(STEPS):
            h = rssm.gru(rssm.transition(torch.cat([z, actions[:, step]], -1)), h)
            z = rssm.prior_network(h)[:, :LATENT]
            torch.testing.assert_close(found[:, step], torch.cat([z, h], -1))
