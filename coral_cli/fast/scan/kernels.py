"""Triton kernels for the steps of a filter: a product of a few rows, and all that is done to its result.

Alone, each of these small products and of the operations around it costs a GPU more time to begin than to do. Rows are
a batch's; products are summed, and all else is computed, in single precision. Of every row of a tensor, ``x_row`` and
its like are the distance in memory to the next one.
"""

from __future__ import annotations

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait


@triton.jit
def elu(x):
    """Return ELU of x by single precision's exponential."""
    return tl.where(x > 0, x, tl.exp(tl.minimum(x, 0.0)) - 1)


@triton.jit
def elu_slope(y):
    """Return the slope of ELU from its result y."""
    return tl.minimum(y, 0.0) + 1


@triton.jit
def tanh(x):
    """Return tanh of x by the sigmoid, which Triton has."""
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def rows_of(x, x_row, m, k, M, K: tl.constexpr):
    """Load rows ``m`` and columns ``k`` of x (M, K)."""
    return tl.load(x + m[:, None] * x_row + k[None, :], mask=(m < M)[:, None] & (k < K)[None, :], other=0.0)


@triton.jit
def weights_of(w, n, k, N: tl.constexpr, K: tl.constexpr):
    """Load columns ``n`` and rows ``k`` of w.T, where w is (N, K)."""
    return tl.load(w + n[None, :] * K + k[:, None], mask=(k < K)[:, None] & (n < N)[None, :], other=0.0)


@triton.jit
def await_last(EARLY: tl.constexpr):
    """Wait until all that kernels ahead write is there, and let the next kernel begin."""
    if EARLY:
        gdc_wait()
        gdc_launch_dependents()


@triton.jit
def plus_dot(result, a, b):
    """Return ``result`` plus the product of ``a`` with ``b``, taken in the precision of ``b``."""
    return tl.dot(a.to(b.dtype), b, result, input_precision="ieee")


@triton.jit
def dot(x, x_row, w, first, m, n, M, N: tl.constexpr, K: tl.constexpr, BK: tl.constexpr):
    """Return rows ``m`` of x (M, K) times columns ``n`` of w.T; w is (N, K), its ``first`` BK terms are at hand."""
    k = tl.arange(0, BK)
    result = plus_dot(tl.zeros((m.shape[0], n.shape[0]), tl.float32), rows_of(x, x_row, m, k, M, K), first)
    for start in range(BK, K, BK):
        result = plus_dot(result, rows_of(x, x_row, m, start + k, M, K), weights_of(w, n, start + k, N, K))
    return result


@triton.jit
def bias_of(bias, n, N: tl.constexpr):
    """Load columns ``n`` of a bias, for all rows."""
    return tl.load(bias + n, mask=n < N).to(tl.float32)[None, :]


@triton.jit
def tile(BM: tl.constexpr, BN: tl.constexpr):
    """Return the rows and columns of this program."""
    return tl.program_id(1) * BM + tl.arange(0, BM), tl.program_id(0) * BN + tl.arange(0, BN)


@triton.jit
def layer(
    x, x_row, w, base, base_row, out, out_row, linear, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Write base + x @ w.T to ``out`` (M, N), after an ELU in all but the first ``linear`` columns."""
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    first = weights_of(w, n, tl.arange(0, BK), N, K)
    await_last(EARLY)
    known = tl.load(base + m[:, None] * base_row + n[None, :], mask=inside).to(tl.float32)
    result = known + dot(x, x_row, w, first, m, n, M, N, K, BK)
    result = tl.where((n >= linear)[None, :], elu(result), result)
    tl.store(out + m[:, None] * out_row + n[None, :], result, mask=inside)


@triton.jit
def gru(
    x, x_row, w, bias, shares, shares_row, h, gates, out, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Write the next h (M, N), and the gates (M, 3 N) that made it."""
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    share, gate = shares + m[:, None] * shares_row + n[None, :], gates + m[:, None] * (3 * N) + n[None, :]
    k = tl.arange(0, BK)
    to_update, to_candidate = w + N * K, w + 2 * N * K
    first, second = weights_of(w, n, k, N, K), weights_of(to_update, n, k, N, K)
    third = weights_of(to_candidate, n, k, N, K)
    reset_bias, update_bias, candidate_bias = bias_of(bias, n, N), bias_of(bias + N, n, N), bias_of(bias + 2 * N, n, N)
    await_last(EARLY)
    reset = reset_bias + tl.load(share, mask=inside).to(tl.float32)
    update = update_bias + tl.load(share + N, mask=inside).to(tl.float32)
    state = tl.load(share + 2 * N, mask=inside).to(tl.float32)
    before = tl.load(h + m[:, None] * N + n[None, :], mask=inside)
    a = rows_of(x, x_row, m, k, M, K)
    reset, update = plus_dot(reset, a, first), plus_dot(update, a, second)
    candidate = plus_dot(candidate_bias + tl.zeros((BM, BN), tl.float32), a, third)
    for start in range(BK, K, BK):
        a = rows_of(x, x_row, m, start + k, M, K)
        reset = plus_dot(reset, a, weights_of(w, n, start + k, N, K))
        update = plus_dot(update, a, weights_of(to_update, n, start + k, N, K))
        candidate = plus_dot(candidate, a, weights_of(to_candidate, n, start + k, N, K))
    reset, update = tl.sigmoid(reset), tl.sigmoid(update)
    candidate = tanh(candidate + reset * state)
    tl.store(gate, reset, mask=inside)
    tl.store(gate + N, update, mask=inside)
    tl.store(gate + 2 * N, candidate, mask=inside)
    tl.store(out + m[:, None] * N + n[None, :], candidate + update * (before - candidate), mask=inside)


@triton.jit
def gaussian(
    x, x_row, w, bias, noise, parameters, z, min_std, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Write means and raw deviations to ``parameters`` (M, 2 N), and to z (M, N) the sample that ``noise`` leads to."""
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    place, own = m[:, None] * N + n[None, :], parameters + m[:, None] * (2 * N) + n[None, :]
    k, to_raw, none = tl.arange(0, BK), w + N * K, tl.zeros((BM, BN), tl.float32)
    first, second = weights_of(w, n, k, N, K), weights_of(to_raw, n, k, N, K)
    mean, raw = none + bias_of(bias, n, N), none + bias_of(bias + N, n, N)
    await_last(EARLY)
    drawn = tl.load(noise + place, mask=inside)
    a = rows_of(x, x_row, m, k, M, K)
    mean, raw = plus_dot(mean, a, first), plus_dot(raw, a, second)
    for start in range(BK, K, BK):
        a = rows_of(x, x_row, m, start + k, M, K)
        mean = plus_dot(mean, a, weights_of(w, n, start + k, N, K))
        raw = plus_dot(raw, a, weights_of(to_raw, n, start + k, N, K))
    std = tl.where(raw > 20, raw, tl.log(1 + tl.exp(tl.minimum(raw, 20.0)))) + min_std
    tl.store(own, mean, mask=inside)
    tl.store(own + N, raw, mask=inside)
    tl.store(z + place, mean + std * drawn, mask=inside)


@triton.jit
def layer_gradient(
    of_out, of_out_row, w, y, y_row, of_x, of_x_row, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Write to ``of_x`` (M, N) the gradient at what enters an ELU of result y, then w (N, K), from ``of_out``."""
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    first = weights_of(w, n, tl.arange(0, BK), N, K)
    await_last(EARLY)
    slope = elu_slope(tl.load(y + m[:, None] * y_row + n[None, :], mask=inside).to(tl.float32))
    result = dot(of_out, of_out_row, w, first, m, n, M, N, K, BK) * slope
    tl.store(of_x + m[:, None] * of_x_row + n[None, :], result, mask=inside)


@triton.jit
def gru_gradient(
    of_after, row, w, of_shares, shares, h, gates, kept, of_h, of_h_row, of_inputs, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Go a step back through the GRU.

    The gradient at its new h is ``kept`` (M, N) and what reaches it through ``of_after`` (M, K), that at the next
    step's shares. Writes those at this step's ``of_shares`` in the gates and ``of_inputs`` (M, 3 N), and to ``kept``
    what passes on to the h before, ``of_h`` (M, N) included.
    """
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    place, gate = m[:, None] * N + n[None, :], m[:, None] * (3 * N) + n[None, :]
    first = weights_of(w, n, tl.arange(0, BK), N, K)
    await_last(EARLY)
    gradient = tl.load(kept + place, mask=inside)
    reset, update = tl.load(gates + gate, mask=inside), tl.load(gates + gate + N, mask=inside)
    candidate, before = tl.load(gates + gate + 2 * N, mask=inside), tl.load(h + place, mask=inside)
    state = tl.load(shares + m[:, None] * row + 2 * N + n[None, :], mask=inside).to(tl.float32)
    passed = tl.load(of_h + m[:, None] * of_h_row + n[None, :], mask=inside)
    gradient += dot(of_after, row, w, first, m, n, M, N, K, BK)
    of_candidate = gradient * (1 - update) * (1 - candidate * candidate)
    of_reset = of_candidate * state * reset * (1 - reset)
    of_update = gradient * (before - candidate) * update * (1 - update)
    of_share = of_shares + m[:, None] * row + n[None, :]
    tl.store(of_share, of_reset, mask=inside)
    tl.store(of_share + N, of_update, mask=inside)
    tl.store(of_share + 2 * N, of_candidate * reset, mask=inside)
    tl.store(of_inputs + gate, of_reset, mask=inside)
    tl.store(of_inputs + gate + N, of_update, mask=inside)
    tl.store(of_inputs + gate + 2 * N, of_candidate, mask=inside)
    tl.store(kept + place, passed + gradient * update, mask=inside)


@triton.jit
def gaussian_gradient(
    of_u, of_u_row, w, of_z, of_z_row, direct, direct_row, noise, parameters, out, M,
    N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, EARLY: tl.constexpr,
):  # fmt: skip
    """Write the gradient (M, 2 N) at a Gaussian's parameters to ``out``.

    It is ``direct`` (M, 2 N) and that through the sample: ``of_z`` (M, N), and by the next step's ``of_u`` (M, K).
    """
    m, n = tile(BM, BN)
    inside = (m < M)[:, None] & (n < N)[None, :]
    own, given = m[:, None] * (2 * N) + n[None, :], direct + m[:, None] * direct_row + n[None, :]
    first = weights_of(w, n, tl.arange(0, BK), N, K)
    await_last(EARLY)
    gradient = tl.load(of_z + m[:, None] * of_z_row + n[None, :], mask=inside)
    slope = tl.load(noise + m[:, None] * N + n[None, :], mask=inside)
    slope *= tl.sigmoid(tl.load(parameters + own + N, mask=inside))
    of_mean, of_raw = tl.load(given, mask=inside), tl.load(given + N, mask=inside)
    gradient += dot(of_u, of_u_row, w, first, m, n, M, N, K, BK)
    tl.store(out + own, of_mean + gradient, mask=inside)
    tl.store(out + own + N, of_raw + gradient * slope, mask=inside)
