"""The encoder ``patch``: what coral asks of this package. Importing it does not import torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Encoder, Help, Sensor, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import EncoderModule

SMALLEST = 32
"""An image's smaller side must have this many pixels."""


@dataclass(frozen=True)
class PatchOptions:
    """Options of the patches, and of the mixer that looks at them."""

    patch: Annotated[int, Help("Pixels of a patch's side; they divide height and width.", min=1)] = 8
    width: Annotated[int, Help("Values of a patch, and of the hidden layers that mix them.", min=1)] = 32
    layers: Annotated[int, Help("Mixer layers.", min=0)] = 2
    size: Annotated[int, Help("Values of the embedding.", min=1)] = 256


def build(options: PatchOptions, sensor: Sensor) -> EncoderModule:
    """Return the encoder of images. Raises UsageError for a side below 32 pixels, or one that patches do not divide."""
    from coral_encoder_patch.encoder import PatchEncoder

    height, width, _ = sensor.shape
    if min(height, width) < SMALLEST:
        raise UsageError(
            f"images of {height}x{width} are too small for the encoder patch.",
            f"Use {SMALLEST} pixels a side or more.",
        )
    if height % options.patch or width % options.patch:
        common = math.gcd(height, width)
        sides = ", ".join(str(side) for side in range(1, common + 1) if common % side == 0)
        raise UsageError(
            f"images of {height}x{width} cannot be cut into patches of {options.patch}x{options.patch}.",
            f"Set --{sensor.name}-encoder.patch to one of: {sides}.",
        )
    return PatchEncoder(sensor.shape, options.patch, options.width, options.layers, options.size)


@hookimpl
def coral_encoders() -> Iterable[Encoder]:
    """Yield one encoder, for whatever has height and width."""
    yield Encoder("patch", "Patches, looked at by an MLP-Mixer.", build, PatchOptions(), sensors=("image", "depth"))
