"""Triton kernels for what follows an image encoder's convolutions, and for the first of these.

Tensors are the largest of an update here, so each is read and written once. Images are channels-last, a row of C values
for every pixel; sums are taken in single precision.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def rectify(x, bias, size, C: tl.constexpr, BLOCK: tl.constexpr):
    """Write max(x + bias, 0) over x (size / C, C); what is no number stays so."""
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = place < size
    value = tl.load(x + place, mask=inside).to(tl.float32) + tl.load(bias + place % C, mask=inside).to(tl.float32)
    tl.store(x + place, tl.where(value < 0, 0.0, value), mask=inside)


@triton.jit
def rows_at(step, BLOCK: tl.constexpr):
    """Return the rows of this program at a step; all programs take turns."""
    return (step * tl.num_programs(0) + tl.program_id(0)) * BLOCK + tl.arange(0, BLOCK)


@triton.jit
def alive(of_y, y, row, channel, rows, C: tl.constexpr):
    """Return the gradient ``of_y`` (rows, C) where y is above 0, and where both lie."""
    place = row.to(tl.int64)[:, None] * C + channel[None, :]
    inside = (row < rows)[:, None] & (channel < C)[None, :]
    gradient = tl.load(of_y + place, mask=inside, other=0.0)
    return tl.where(tl.load(y + place, mask=inside, other=0.0) > 0, gradient, 0.0), place, inside


@triton.jit
def rectify_gradient(
    of_y, y, of_x, of_bias, rows, C: tl.constexpr, BC: tl.constexpr, STEPS: tl.constexpr, BLOCK: tl.constexpr
):
    """Write a ReLU's gradient to ``of_x`` (rows, C), and each program's share of the bias's to ``of_bias``."""
    channel = tl.arange(0, BC)
    total = tl.zeros((BC,), tl.float32)
    for step in range(STEPS):
        gradient, place, inside = alive(of_y, y, rows_at(step, BLOCK), channel, rows, C)
        tl.store(of_x + place, gradient, mask=inside)
        total += tl.sum(gradient.to(tl.float32), 0)
    tl.store(of_bias + channel * tl.num_programs(0) + tl.program_id(0), total, mask=channel < C)


@triton.jit
def windows(images, row, rows, H: tl.constexpr, W: tl.constexpr, C: tl.constexpr, SIZE: tl.constexpr, BK: tl.constexpr):
    """Load windows ``row`` of SIZE x SIZE pixels, two apart, of images (N, H, W, C); each is SIZE² C of BK numbers."""
    wide: tl.constexpr = (W - SIZE) // 2 + 1
    high: tl.constexpr = (H - SIZE) // 2 + 1
    image, position, k = row // (high * wide), row % (high * wide), tl.arange(0, BK)
    corner = (image * H + position // wide * 2) * W + position % wide * 2
    place = corner.to(tl.int64)[:, None] * C + (k // (SIZE * C) * (W * C) + k % (SIZE * C))[None, :]
    return tl.load(images + place, mask=(row < rows)[:, None] & (k < SIZE * SIZE * C)[None, :], other=0.0)


@triton.jit
def first_convolution(
    images, weight, bias, out, rows, H: tl.constexpr, W: tl.constexpr, C: tl.constexpr, SIZE: tl.constexpr,
    F: tl.constexpr, BK: tl.constexpr, BO: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write max(windows @ weight.T + bias, 0) to ``out`` (rows, F), with a weight (F, SIZE, SIZE, C)."""
    row, channel, k = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), tl.arange(0, BO), tl.arange(0, BK)
    known = (k < SIZE * SIZE * C)[:, None] & (channel < F)[None, :]
    w = tl.load(weight + channel[None, :] * (SIZE * SIZE * C) + k[:, None], mask=known, other=0.0)
    shift = tl.load(bias + channel, mask=channel < F, other=0.0).to(tl.float32)[None, :]
    seen = windows(images, row, rows, H, W, C, SIZE, BK).to(w.dtype)
    result = tl.dot(seen, w, input_precision="ieee") + shift
    inside = (row < rows)[:, None] & (channel < F)[None, :]
    tl.store(out + row.to(tl.int64)[:, None] * F + channel[None, :], tl.where(result < 0, 0.0, result), mask=inside)


@triton.jit
def first_convolution_gradient(
    of_out, out, images, of_weight, of_bias, rows, H: tl.constexpr, W: tl.constexpr, C: tl.constexpr,
    SIZE: tl.constexpr, F: tl.constexpr, BK: tl.constexpr, BO: tl.constexpr, STEPS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write each program's share of the gradients, (programs, F, SIZE, SIZE, C) and (F, programs)."""
    channel, k = tl.arange(0, BO), tl.arange(0, BK)
    weight, bias = tl.zeros((BO, BK), tl.float32), tl.zeros((BO,), tl.float32)
    for step in range(STEPS):
        row = rows_at(step, BLOCK)
        gradient, _, _ = alive(of_out, out, row, channel, rows, F)
        seen = windows(images, row, rows, H, W, C, SIZE, BK).to(gradient.dtype)
        weight = tl.dot(tl.trans(gradient), seen, weight, input_precision="ieee")
        bias += tl.sum(gradient.to(tl.float32), 0)
    known = (channel < F)[:, None] & (k < SIZE * SIZE * C)[None, :]
    own = (tl.program_id(0) * F + channel) * (SIZE * SIZE * C)
    tl.store(of_weight + own[:, None] + k[None, :], weight, mask=known)
    tl.store(of_bias + channel * tl.num_programs(0) + tl.program_id(0), bias, mask=channel < F)
