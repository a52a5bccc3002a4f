"""The gates by hand are torch's GRU cell, and their slopes its gradients."""

import torch
from torch import nn

from coral_cli.fast.scan.gates import Gates, gate_slopes

STEPS, BATCH, HIDDEN, INPUTS = 4, 3, 5, 2


def shares(cell, entered, h):
    """What input and state add to reset, update and candidate, (B, 3 H) each."""
    return entered @ cell.weight_ih.T + cell.bias_ih, h @ cell.weight_hh.T + cell.bias_hh


def test_steps_are_those_of_torch_s_cell():
    torch.manual_seed(0)
    cell = nn.GRUCell(INPUTS, HIDDEN, dtype=torch.double)
    entered = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.double)
    inputs, states, gates = (torch.empty(STEPS, BATCH, 3 * HIDDEN, dtype=torch.double) for _ in range(3))
    hs = torch.empty(STEPS + 1, BATCH, HIDDEN, dtype=torch.double)
    hs[0] = torch.randn(BATCH, HIDDEN)
    step, expected = Gates(inputs, states, gates, hs), hs[0].clone()
    with torch.no_grad():
        for t in range(STEPS):
            inputs[t], states[t] = shares(cell, entered[t], hs[t])
            expected = cell(entered[t], expected)
            torch.testing.assert_close(step(t), expected)
            torch.testing.assert_close(hs[t + 1], expected)


def test_slopes_are_the_gradients_of_torch_s_cell():
    torch.manual_seed(1)
    cell = nn.GRUCell(INPUTS, HIDDEN, dtype=torch.double)
    entered, h = torch.randn(BATCH, INPUTS).double(), torch.randn(BATCH, HIDDEN).double().requires_grad_()
    inputs, states = (share.detach().requires_grad_() for share in shares(cell, entered, h))
    reset, update = (inputs + states)[:, : 2 * HIDDEN].sigmoid().chunk(2, -1)
    candidate = (inputs[:, 2 * HIDDEN :] + reset * states[:, 2 * HIDDEN :]).tanh()
    after = (1 - update) * candidate + update * h
    torch.testing.assert_close(after, cell(entered, h))  # so this is how torch combines them
    of_inputs, of_states, of_h = torch.autograd.grad(after.sum(), (inputs, states, h))
    gates = torch.cat([reset, update, candidate], -1).detach()
    to_input, to_state, to_h = gate_slopes(gates[None], states[None, :, 2 * HIDDEN :].detach(), h[None].detach())
    torch.testing.assert_close(to_input[0].flatten(1), of_inputs)
    torch.testing.assert_close(to_state[0].flatten(1), of_states)
    torch.testing.assert_close(to_h[0], of_h)
