"""Makes many clips of few: square cuts of films at random places, flipped, tinted and played backwards at random.

python benchmarks/film_pieces.py FILMS CLIPS --pieces 8

Each piece is a folder of JPEG images of 76x76 pixels, as `--distraction.video.folder CLIPS` takes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coral_cli.environments.distractions.upright import of_frame, upright

SIDE = 76
SMALLEST = 0.4
"""Side of a cut, as a share of the film's shorter one."""
TINT = 0.25
"""A colour's brightness is changed by up to this share."""


def piece(frames: list[NDArray[np.uint8]], random: np.random.Generator) -> Iterator[Image.Image]:
    """One cut through all frames (H, W, 3)."""
    height, width, _ = frames[0].shape
    side = int(min(height, width) * random.uniform(SMALLEST, 1))
    top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
    gain = random.uniform(1 - TINT, 1 + TINT, 3)
    flipped, backwards = random.random(2) < 0.5
    for frame in frames[::-1] if backwards else frames:
        cut = frame[top : top + side, left : left + side]
        tinted = np.clip((cut[:, ::-1] if flipped else cut) * gain, 0, 255).astype(np.uint8)
        yield Image.fromarray(tinted).resize((SIDE, SIDE), Image.Resampling.BOX)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, help="folder of MP4 files")
    parser.add_argument("clips", type=Path, help="folder to write to")
    parser.add_argument("--pieces", type=int, default=8, help="of each film")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    for film in sorted(args.films.glob("*.mp4")):
        with av.open(str(film)) as container:
            frames = [upright(frame.to_ndarray(format="rgb24"), of_frame(frame)) for frame in container.decode(video=0)]
        for number in range(args.pieces):
            folder = args.clips / f"{film.stem}-{number}"
            folder.mkdir(parents=True)
            for index, image in enumerate(piece(frames, random)):
                image.save(folder / f"{index:06d}.jpg", quality=90)


if __name__ == "__main__":
    main()
