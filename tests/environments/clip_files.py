"""Clips made for tests, and what plays them."""

import av
import numpy as np
from PIL import Image

from coral_cli.environments.distractions.video import Video

SIZE = (4, 6)


def write_images(folder, clip, frames=5):
    """A clip whose pixels all say ``10 * clip + index``."""
    path = folder / f"clip{clip:02d}"
    path.mkdir(parents=True)
    for index in range(frames):
        Image.fromarray(np.full((*SIZE, 3), 10 * clip + index, np.uint8)).save(path / f"{index:03d}.png")


def write_folder(tmp_path, clips, frames=5):
    folder = tmp_path / "clips"
    for clip in range(clips):
        write_images(folder, clip, frames)
    return folder


def write_video(path, frames, codec="h264"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "10"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def video(folder, split="training", single=False, gray=False, max_frames=1000, size=SIZE):
    return Video(str(folder), size, split, single=single, gray=gray, max_frames=max_frames)


def play(source, seed, steps):
    """What the frames say, one number each."""
    source.begin(np.random.default_rng(seed))
    return [int(source.frame()[0, 0, 0]) for _ in range(steps)]
