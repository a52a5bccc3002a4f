"""The GRU against a dense one in NumPy, the scan against single steps, and what depends on what."""

import numpy as np
import pytest
import torch

from coral_cli.plugin import UsageError
from coral_cli.testing import check_rssm, run
from coral_rssm_block_gru import BlockGruOptions, build, coral_rssms
from coral_rssm_block_gru.gru import BlockGru

(RECORD,) = coral_rssms()
EMBEDDING, ACTION = 5, 2


def small(layers=2):
    torch.manual_seed(0)
    return build(BlockGruOptions(gru=6, blocks=3, hidden=7, layers=layers, latent=3), EMBEDDING, ACTION)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_gru_is_a_dense_one_with_block_diagonal_weights():
    torch.manual_seed(0)
    blocks, size, inputs = 3, 2, 4
    gru = BlockGru(inputs, blocks * size, blocks).double()
    u, h = torch.randn(5, inputs).double(), torch.randn(5, blocks * size).double()
    weight, bias = (value.detach().numpy().reshape(blocks, 3, size, -1) for value in gru.input.parameters())
    gates = []
    for gate in range(3):  # reset, candidate, update
        dense = np.zeros((blocks * size, blocks * size))
        for block in range(blocks):
            here = slice(block * size, (block + 1) * size)
            dense[here, here] = gru.recurrent.detach().numpy()[block, :, gate * size : (gate + 1) * size]
        w, b = weight[:, gate].reshape(blocks * size, inputs), bias[:, gate].reshape(-1)
        gates.append(u.numpy() @ w.T + b + h.numpy() @ dense)
    reset, candidate, update = gates
    new = sigmoid(update - 1)
    expected = new * np.tanh(sigmoid(reset) * candidate) + (1 - new) * h.numpy()
    np.testing.assert_allclose(gru(u, h).detach().numpy(), expected, rtol=1e-12)


def test_a_block_sees_the_others_only_through_the_input():
    torch.manual_seed(0)
    gru, h = BlockGru(4, 6, 3), torch.randn(1, 6, requires_grad=True)
    gru(torch.randn(1, 4), h)[0, 2:4].sum().backward()
    assert h.grad[0, 2:4].abs().min() > 0 and h.grad[0, :2].abs().max() == h.grad[0, 4:].abs().max() == 0
    model = small()
    h = torch.randn(1, 6, requires_grad=True)
    model.predict(h, torch.randn(1, 3), torch.randn(1, ACTION))[0, 2:4].sum().backward()
    assert h.grad.abs().min() > 0


@pytest.mark.parametrize("layers", [1, 2])
def test_scan_equals_predict_and_update_step_by_step(layers):
    model, embeddings, actions = small(layers), torch.randn(3, 6, EMBEDDING), torch.randn(3, 6, ACTION)
    torch.manual_seed(1)
    scanned = model.scan(embeddings, actions)
    torch.manual_seed(1)
    h, z = torch.zeros(3, 6), torch.zeros(3, 3)
    for t in range(6):
        h = model.predict(h, z, actions[:, t])
        posterior = model.update(h, embeddings[:, t])
        z = posterior.sample()
        torch.testing.assert_close(scanned.h[:, t], h)
        torch.testing.assert_close(scanned.z[:, t], z)
        torch.testing.assert_close(scanned.posterior.mean[:, t], posterior.mean)
        torch.testing.assert_close(scanned.posterior.std[:, t], posterior.std)


def test_the_gradients_of_the_scan_are_those_of_the_steps():
    model, embeddings, actions = small(), torch.randn(2, 4, EMBEDDING), torch.randn(2, 4, ACTION)
    torch.manual_seed(1)
    scanned = model.scan(embeddings, actions)
    (scanned.h.sum() + scanned.z.square().sum()).backward()
    found = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    torch.manual_seed(1)
    h, z, total = torch.zeros(2, 6), torch.zeros(2, 3), 0.0
    for t in range(4):
        h = model.predict(h, z, actions[:, t])
        z = model.update(h, embeddings[:, t]).sample()
        total = total + h.sum() + z.square().sum()
    total.backward()
    for name, value in model.named_parameters():
        if not name.startswith("prior"):
            torch.testing.assert_close(found[name], value.grad, rtol=1e-4, atol=1e-5)


def test_no_step_sees_the_future():
    model = small()
    embeddings = torch.randn(1, 5, EMBEDDING, requires_grad=True)
    actions = torch.randn(1, 5, ACTION, requires_grad=True)
    model.scan(embeddings, actions).z[:, 2].sum().backward()
    for values in (embeddings, actions):
        assert values.grad[:, :3].abs().sum(-1).min() > 0 and values.grad[:, 3:].abs().max() == 0


def test_the_inputs_are_the_columns_of_the_weights():
    """Each part of a first layer's input moves exactly the columns that ``inputs`` gives to its name."""
    model = small()
    for name, sizes in model.inputs.items():
        weight = model.get_parameter(name)
        assert weight.shape[1] == sum(sizes.values())
    model.transition.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.posterior_network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    seen: list[torch.Tensor] = []
    parts = {"z": torch.full((1, 3), 1.0), "action": torch.full((1, ACTION), 2.0), "h": torch.full((1, 6), 3.0)}
    embedding = torch.full((1, EMBEDDING), 4.0)
    model.predict(parts["h"], parts["z"], parts["action"])
    model.update(parts["h"], embedding)
    for given, sizes in zip(seen, model.inputs.values(), strict=True):
        expected = [({**parts, "embedding": embedding})[name] for name in sizes]
        assert given.equal(torch.cat(expected, 1))


@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_prior_and_posterior_take_any_leading_shape(shape):
    model = small()
    h = torch.randn(*shape, 6)
    assert model.prior(h).mean.shape == model.update(h, torch.randn(*shape, EMBEDDING)).sample().shape == (*shape, 3)
    assert model.prior(h).std.min() > 0.1


def test_blocks_that_do_not_divide_the_units_are_refused():
    with pytest.raises(UsageError) as error:
        build(BlockGruOptions(gru=100, blocks=8), EMBEDDING, ACTION)
    assert error.value.message == "100 units of the GRU cannot be cut into 8 blocks of one size."
    assert error.value.hint == "Set --rssm.gru to a multiple of 8."


def test_the_contract_holds():
    check_rssm(RECORD)
    check_rssm(RECORD, BlockGruOptions(gru=6, blocks=1, layers=3))


@pytest.mark.parametrize("policy", ["sac", pytest.param("imagination", marks=pytest.mark.slow)])
def test_it_trains_and_lends_its_weights_where_actions_differ(policy, tmp_path):
    sizes = "--size tiny --batch-size 2 --batch-length 4 --image-loss infonce --quiet --random-episodes 1"
    toy = f"train --env toy --image-encoder toy --proprio-encoder toy --rssm block-gru --policy {policy} {sizes}"
    outcome = run(f"{toy} --updates-per-step 0.2 --steps 40 --out {tmp_path / 'run'}", components=[RECORD])
    assert outcome.code == 0, outcome.err
    other = "train --env cartpole-swingup --renderer raycast --env.action-repeat 100 --rssm block-gru --dry-run"
    outcome = run(f"{other} {sizes} --init-from {tmp_path / 'run'} --init-parts rssm", components=[RECORD])
    assert outcome.code == 0, outcome.err
