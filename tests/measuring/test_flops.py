"""Counted operations against counts by hand: a product of (n, k) and (k, m) takes 2 n k m."""

import pytest
import torch
from torch import nn

from coral_cli.measuring.flops import Flops, counted
from coral_cli.representation.span import span

N = 5


def test_an_mlp_forward_and_backward():
    mlp = nn.Sequential(nn.Linear(7, 11), nn.ELU(), nn.Linear(11, 3))
    data = torch.randn(N, 7)
    forward = 2 * N * (7 * 11 + 11 * 3)
    assert counted(lambda: mlp(data)).total == forward
    # backward: as much for the weights, and for the input of the second layer alone
    flops = counted(lambda: mlp(data).sum().backward())
    assert (flops.products, flops.convolutions) == (2 * forward + 2 * N * 11 * 3, 0)


def test_a_gru_cell():
    cell = nn.GRUCell(7, 11)
    forward = 2 * N * (7 + 11) * 3 * 11  # three gates, each from the input and the state
    inputs, state = torch.randn(N, 7, requires_grad=True), torch.randn(N, 11, requires_grad=True)
    assert counted(lambda: cell(inputs, state)).total == forward
    assert counted(lambda: cell(inputs, state).sum().backward()).total == 3 * forward


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_convolution(memory_format):
    layer = nn.Conv2d(3, 8, 4, 2).to(memory_format=memory_format)
    images = torch.randn(N, 3, 16, 16).contiguous(memory_format=memory_format)
    forward = 2 * N * (7 * 7 * 8) * (3 * 4 * 4)  # every output value sums over a window of all channels
    assert counted(lambda: layer(images)) == Flops(0, forward, {})
    assert counted(lambda: layer(images).sum().backward()).convolutions == 2 * forward  # images get no gradient
    assert counted(lambda: layer(images.requires_grad_()).sum().backward()).convolutions == 3 * forward


def test_a_transposed_convolution():
    layer = nn.ConvTranspose2d(8, 3, 5, 2)
    images = torch.randn(N, 8, 6, 6, requires_grad=True)
    forward = 2 * N * (6 * 6 * 8) * (3 * 5 * 5)  # every input value goes to a window of all channels
    assert counted(lambda: layer(images).sum().backward()).convolutions == 3 * forward


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, left, right):
        ctx.save_for_backward(left, right)
        return torch.mm(left, right, out=left.new_empty(len(left), right.shape[1]))

    @staticmethod
    def backward(ctx, gradient):
        left, right = ctx.saved_tensors
        return gradient @ right.T, gradient.new_zeros(right.shape).addmm_(left.T, gradient)


def test_a_function_with_its_own_backward():
    left, right = torch.randn(N, 7, requires_grad=True), torch.randn(7, 3, requires_grad=True)
    assert counted(lambda: Product.apply(left, right).sum().backward()).total == 3 * 2 * N * 7 * 3


def test_what_the_counter_of_torch_leaves_out():
    batches, right, vector = torch.randn(2, N, 7), torch.randn(2, 7, 3), torch.randn(7)
    sums = torch.zeros(2, N, 3)
    for call, expected in (
        (lambda: sums.baddbmm_(batches, right), 2 * 2 * N * 7 * 3),
        (lambda: torch.baddbmm(sums, batches, right), 2 * 2 * N * 7 * 3),
        (lambda: sums[0].addmm_(batches[0], right[0]), 2 * N * 7 * 3),
        (lambda: batches[0] @ vector, 2 * N * 7),
        (lambda: torch.addmv(torch.zeros(N), batches[0], vector), 2 * N * 7),
        (lambda: torch.zeros(N).addmv_(batches[0], vector), 2 * N * 7),
        (lambda: vector @ vector, 2 * 7),
    ):
        assert counted(call).total == expected


def test_bf16_counts_the_same():
    layer, data = nn.Linear(7, 11), torch.randn(N, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert counted(lambda: layer(data)).total == 2 * N * 7 * 11


def test_parts_and_utilisation():
    left, right = torch.randn(N, 7), torch.randn(7, 3)

    def call():
        left @ right
        with span("scan"):
            left @ right

    flops = counted(call)
    assert flops == Flops(2 * 2 * N * 7 * 3, 0, {"scan": 2 * N * 7 * 3})
    assert flops.utilisation(seconds=2.0, peak=420.0) == pytest.approx(0.5)
