"""How long the image encoders take here: forward and backward of one batch, in turn.

python benchmarks/encoders.py [--repeats 30] [--threads 2] [--precision fp32] [--image-size 64,64]

Compares the built-in ``conv`` at each size with ``patch`` of plugins/coral-encoder-patch, which has to be installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import nn

from coral_cli import builtin
from coral_cli.measuring.timing import interleaved
from coral_cli.plugin import Sensor
from coral_cli.registry.discovery import discover

FRAMES = 32 * 32
"""Of one update at the paper's size: 32 sequences of 32 steps."""

VARIANTS = {
    "conv (paper)": ("conv", {}),
    "conv (small)": ("conv", {"depth": 16}),
    "patch": ("patch", {}),
    "patch, embedding of 1024": ("patch", {"size": 1024}),
    "patch, twice as wide": ("patch", {"width": 64}),
}
"""Name and options, by a row's title."""


def learning(encoder: nn.Module, image: torch.Tensor, precision: str) -> Callable[[], None]:
    """One forward and backward pass."""

    def once() -> None:
        with torch.autocast("cpu") if precision == "bf16" else nullcontext():
            embedding = encoder(image)
        embedding.float().square().mean().backward()
        encoder.zero_grad()

    return once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--image-size", default="64,64", help="height and width")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    height, width = map(int, options.image_size.split(","))
    sensor, catalog = Sensor("image", "image", (height, width, 3)), discover(builtin)
    image = torch.rand(FRAMES, height, width, 3).permute(0, 3, 1, 2) - 0.5  # channels last, as the model sees it
    records = {name: catalog.get("encoder", name).record for name, _ in VARIANTS.values()}
    encoders = {
        title: records[name].build(replace(records[name].options, **values), sensor)
        for title, (name, values) in VARIANTS.items()
    }
    calls = {title: learning(encoder, image, options.precision) for title, encoder in encoders.items()}
    timings = interleaved(calls, options.repeats, warm_up=3)
    print(f"{FRAMES} images of {height}x{width}, {options.precision}, {options.threads} threads")
    print(f"{'encoder':30}{'weights':>10}{'values':>8}{'ms':>8}{'spread':>8}")
    for title, timing in timings.items():
        encoder = encoders[title]
        weights = sum(parameter.numel() for parameter in encoder.parameters())
        print(f"{title:30}{weights:>10,}{encoder.size:>8}{1e3 * timing.median:>8.1f}{timing.spread:>8.0%}")


if __name__ == "__main__":
    main()
