"""Clips cut out of a film: squares of it, all of one cut at one place."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coral_cli.runs.video import write_video


@pytest.fixture
def film_pieces(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("film_pieces")


def frames(count=5):
    """Two grey levels brighter with every column, darker with every row; ten brighter from frame to frame."""
    rows, columns = np.mgrid[:48, :64]
    return [
        np.stack([columns * 2, 94 - rows * 2, 0 * rows], -1).astype(np.uint8) + np.uint8(10 * t) for t in range(count)
    ]


def test_a_piece_is_a_square_through_all_frames_tinted_and_turned_alike(film_pieces):
    seen = []
    for seed in range(8):
        images = [np.asarray(image).astype(float) for image in film_pieces.piece(frames(), np.random.default_rng(seed))]
        assert [image.shape for image in images] == [(76, 76, 3)] * 5
        steps = np.diff([image.mean((0, 1)) for image in images], axis=0) / 10  # else the place would change
        assert np.ptp(steps, 0).max() < 0.2
        gain = abs(steps).mean(0)
        assert gain.min() > 0.7 and gain.max() < 1.3
        red, green, _ = np.moveaxis(images[0] / gain, -1, 0)
        assert np.ptp(red, 1).mean() == pytest.approx(np.ptp(green, 0).mean(), abs=4)
        assert np.ptp(red, 0).max() < 4 and np.ptp(green, 1).max() < 4
        seen.append((np.sign(steps[0, 0]), np.sign(red[0, -1] - red[0, 0]), *gain.round(1)))
    assert len({backwards for backwards, *_ in seen}) == len({flipped for _, flipped, *_ in seen}) == 2
    assert len(set(seen)) > 4


def test_every_film_is_cut_into_folders_of_images(film_pieces, tmp_path, monkeypatch):
    films, clips = tmp_path / "films", tmp_path / "clips"
    films.mkdir()
    write_video(films / "street.mp4", frames(), 30)
    monkeypatch.setattr(sys, "argv", ["film_pieces.py", str(films), str(clips), "--pieces", "3"])
    film_pieces.main()
    assert sorted(folder.name for folder in clips.iterdir()) == ["street-0", "street-1", "street-2"]
    sizes = []
    for path in (clips / "street-1").iterdir():
        with Image.open(path) as image:
            sizes.append(image.size)
    assert sizes == [(76, 76)] * 5
