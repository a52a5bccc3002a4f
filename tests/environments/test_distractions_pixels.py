"""What the distractions do to images, by hand and by statistics."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from coral_cli.environments.distractions.backgrounds import bluish
from coral_cli.environments.distractions.color import color_map
from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.plugin import Sensor
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.options import with_values

RECORDS = {record.name: record for record in DISTRACTIONS}
ON_PIXELS = ("procedural", "disks", "noise", "color", "frame-drop")
SIZE = (48, 96, 3)


def build(name, shape=SIZE, split="training", **options):
    record = RECORDS[name]
    return record.build(with_values(record.options, options), Sensor("image", "image", shape), split)


def episode(module, images, seed=0, scene=None):
    module.begin(np.random.default_rng(seed), scene)
    return [module.change(image.copy(), scene) for image in images]


def pictures(count, shape=SIZE):
    return np.random.default_rng(9).integers(0, 256, (count, *shape), np.uint8)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, coral_cli.environments.distractions.records\n"
        "heavy = {'mujoco', 'numpy', 'av', 'PIL', 'torch'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


@pytest.mark.parametrize("shape", [(48, 96, 3), (33, 20, 3)])
@pytest.mark.parametrize("name", ON_PIXELS)
def test_the_generator_determines_an_episode_and_sizes_stay(name, shape):
    images = pictures(4, shape)
    module = build(name, shape)
    first, again, other = episode(module, images), episode(module, images), episode(module, images, seed=1)
    assert all(image.shape == shape and image.dtype == np.uint8 for image in first)
    assert np.array_equal(first, again)
    assert name == "frame-drop" or not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("name", ["disks", "noise", "frame-drop"])
def test_one_channel_is_enough_where_color_does_not_matter(name):
    assert episode(build(name, (20, 20, 1)), pictures(1, (20, 20, 1)))[0].shape == (20, 20, 1)


@pytest.mark.parametrize("name", ["color", "procedural"])
def test_color_needs_three_channels(name):
    with pytest.raises(UsageError, match="1 channels"):
        build(name, (20, 20, 1))


class Chosen:
    """Values in place of random ones, in the order in which they are drawn."""

    def __init__(self, *values):
        self._values = iter(values)

    def uniform(self, *bounds):
        return next(self._values)

    def permutation(self, count):
        return np.arange(count)


# Disks


def painted(frames):
    """(T, H, W): where something was painted on black."""
    return np.array(frames).any(-1)


def test_a_disk_between_four_pixels_covers_these():
    module = build("disks", (40, 60, 3), count=1)
    module.begin(Chosen(np.zeros(1), np.array([[10.0, 20.0]]), np.ones(1)), None)  # direction, centre, radius
    covered = painted([module.change(np.zeros((40, 60, 3), np.uint8), None)])[0]
    assert np.argwhere(covered).tolist() == [[9, 19], [9, 20], [10, 19], [10, 20]]


def test_a_disk_has_the_area_and_the_width_of_its_radius():
    module, seen = build("disks", (80, 100, 3), count=1, radius_min=0.2, radius_max=0.2), 0
    for seed in range(30):
        (disk,) = painted(episode(module, np.zeros((1, 80, 100, 3), np.uint8), seed))
        rows, columns = np.flatnonzero(disk.any(1)), np.flatnonzero(disk.any(0))
        if rows[0] > 0 and rows[-1] < 79 and columns[0] > 0 and columns[-1] < 99:
            seen += 1
            assert disk.sum() == pytest.approx(np.pi * 16**2, rel=0.03)
            assert len(rows) == pytest.approx(32, abs=1) and len(columns) == pytest.approx(32, abs=1)
    assert seen >= 5


def test_disks_are_about_a_sixth_to_a_fifth_of_the_smaller_side_in_several_strong_colors():
    widths, module = [], build("disks", (76, 120, 3), count=1)
    for seed in range(60):
        (disk,) = painted(episode(module, np.zeros((1, 76, 120, 3), np.uint8), seed))
        rows = np.flatnonzero(disk.any(1))
        if rows[0] > 0 and rows[-1] < 75:
            widths.append(len(rows))
    assert 25 <= min(widths) < 27 and 29 < max(widths) <= 31  # twice 12.6 and 15.2 pixels
    (frame,) = episode(build("disks", (76, 76, 3)), np.zeros((1, 76, 76, 3), np.uint8))
    colors = np.unique(frame[frame.any(-1)], axis=0).astype(int)
    assert len(colors) >= 5
    assert (colors.max(1) - colors.min(1)).min() > 100


def test_what_is_covered_stays_covered_for_several_steps_and_comes_free_in_the_end():
    covered = painted(episode(build("disks", (76, 76, 3)), np.zeros((120, 76, 76, 3), np.uint8)))
    assert 0.3 < covered.mean() < 0.75
    after = [(covered[:-lag] & covered[lag:]).sum() / covered[:-lag].sum() for lag in (1, 5, 80)]
    assert after[0] > 0.95 and after[1] > 0.85
    assert after[2] < 0.75
    assert (~covered).any(0).mean() > 0.9


def test_disks_move_at_their_speed_and_are_reflected_at_the_borders():
    """A small disk on a wide image: its centre is known to half a pixel, and is never outside."""
    module = build("disks", (40, 60, 3), count=1, radius_min=0.1, radius_max=0.1, speed=0.05)
    covered = painted(episode(module, np.zeros((300, 40, 60, 3), np.uint8)))
    assert covered.any((1, 2)).all()
    whole = covered.sum((1, 2)) >= 48  # of pi * 16: not cut off
    centres = np.array([np.argwhere(disk).mean(0) for disk in covered])
    moves = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    assert moves.max() < 4, "it comes back where it went, and at no other border"
    steps = moves[whole[:-1] & whole[1:]]
    assert len(steps) > 100
    assert np.median(steps) == pytest.approx(0.05 * 40, abs=0.3)
    assert centres.min() < 3 and centres[:, 1].max() > 56  # all of the image is visited


def test_disks_larger_at_least_than_at_most_are_refused():
    with pytest.raises(UsageError, match="larger than"):
        build("disks", radius_min=0.3)


# Noise


def test_noise_has_its_standard_deviation_and_ends_at_black_and_white():
    grey = np.full((2, *SIZE), 128, np.uint8)
    frames = np.array(episode(build("noise", std=10.0), grey)).astype(float)
    assert frames.mean() == pytest.approx(128, abs=0.3)
    assert frames.std() == pytest.approx(10, abs=0.2)
    assert abs(np.corrcoef(frames[0].ravel(), frames[1].ravel())[0, 1]) < 0.05
    (black,) = episode(build("noise", std=10.0), np.zeros((1, *SIZE), np.uint8))
    assert (black == 0).mean() == pytest.approx(0.52, abs=0.02) and black.max() < 80  # Phi(0.05): below half a level


# Colour


def test_hue_turns_red_to_green_and_leaves_grey():
    matrix, offset = color_map(1.0, 1.0, 1.0, 1 / 3)
    assert offset == 0
    assert np.allclose(matrix @ [200, 0, 0], [0, 200, 0])
    assert np.allclose(matrix @ [0, 200, 0], [0, 0, 200])
    assert np.allclose(color_map(1.0, 1.0, 1.0, 0.2)[0] @ [90, 90, 90], [90, 90, 90])


def test_every_pixel_is_changed_as_the_map_says():
    module = build("color", (1, 2, 3))
    module.begin(Chosen([0.5, 1.25, 1.0, 1 / 3]), None)
    image = np.array([[[200, 100, 0], [0, 0, 240]]], np.uint8)
    # half as bright, a quarter further away from 127.5, then turned: red is where green was
    turned = np.array([[[0, 100, 50], [120, 0, 0]]])
    assert module.change(image, None).tolist() == np.rint(127.5 + 1.25 * (turned - 127.5)).clip(0).tolist()


def test_hues_turn_either_way():
    module, reds = build("color", (1, 1, 3), brightness=0, contrast=0, saturation=0, hue=0.2), []
    for seed in range(20):
        (frame,) = episode(module, np.array([[[[200, 0, 0]]]], np.uint8), seed)
        reds.append(tuple(frame[0, 0, 1:] > 0))
    assert set(reds) == {(True, False), (False, True)}  # towards green, and towards blue


def test_brightness_then_contrast_about_mid_grey_then_saturation():
    matrix, offset = color_map(0.5, 2.0, 0.25, 0.0)
    color = np.array([200.0, 100.0, 40.0])
    brighter = 0.5 * color
    harder = 127.5 + 2.0 * (brighter - 127.5)
    luma = 0.299 * harder[0] + 0.587 * harder[1] + 0.114 * harder[2]
    assert np.allclose(matrix @ color + offset, luma + 0.25 * (harder - luma))


def test_colors_are_fixed_within_an_episode_and_within_their_strengths():
    image = np.array([[[0, 0, 0], [100, 100, 100]]], np.uint8)
    module = build("color", (1, 2, 3), brightness=0.5, contrast=0.0, saturation=0.0, hue=0.0)
    brightest = []
    for seed in range(200):
        first, later = episode(module, [image, image], seed)
        assert np.array_equal(first, later)
        assert not first[0, 0].any() and len(set(first[0, 1].tolist())) == 1
        brightest.append(int(first[0, 1, 0]))
    assert 50 <= min(brightest) < 55 and 145 < max(brightest) <= 150
    nothing = build("color", brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)
    assert np.array_equal(episode(nothing, pictures(1))[0], pictures(1)[0])


# Dropped frames


def test_a_dropped_frame_repeats_the_last_one_that_came():
    images = np.arange(4000, dtype=np.uint16).view(np.uint8).reshape(4000, 1, 1, 2)
    shown = [int(image.view(np.uint16).item()) for image in episode(build("frame-drop", probability=0.3), images)]
    assert shown[0] == 0
    dropped = [seen != step for step, seen in enumerate(shown)]
    assert all(shown[step] == shown[step - 1] for step, drop in enumerate(dropped) if drop)
    assert np.mean(dropped) == pytest.approx(0.3, abs=0.025)
    twice = np.mean([a and b for a, b in pairwise(dropped)])
    assert twice == pytest.approx(0.09, abs=0.02)  # independent


def test_the_first_frame_always_comes_and_later_distractions_do_not_change_what_is_repeated():
    module = build("frame-drop", probability=1.0)
    for seed in (0, 1):
        module.begin(np.random.default_rng(seed), None)
        for step in range(3):
            image = module.change(np.full(SIZE, 10 * step + seed, np.uint8), None)
            assert (image == seed).all()
            image += 1


def test_a_missing_frame_is_nothing_at_all():
    images = pictures(1000, (2, 2, 3))
    frames = episode(build("frame-drop", mode="missing", probability=0.4), images)
    assert np.mean([frame is None for frame in frames]) == pytest.approx(0.4, abs=0.05)
    assert all(frame is None or np.array_equal(frame, image) for frame, image in zip(frames, images, strict=True))


# Backgrounds


class Sky:
    """A scene whose left column is sky and whose lowest row is floor."""

    cut_out = False

    def background(self, floor):
        where = np.zeros((4, 5), bool)
        where[:, 0] = True
        where[-1] |= floor
        return where


def test_background_is_where_blue_exceeds_red_and_green():
    image = np.array([[[1, 2, 3], [3, 2, 3], [2, 3, 3], [9, 2, 3], [0, 0, 1], [5, 5, 5]]], np.uint8)
    assert bluish(image).tolist() == [[True, False, False, False, True, False]]
    image = np.full((4, 5, 3), 9, np.uint8)
    image[1, 2] = 0, 0, 200
    (changed,) = episode(build("procedural", (4, 5, 3)), [image])
    same = (changed == image).all(-1)
    assert not same[1, 2] and same.sum() == 19


def test_segmentation_replaces_what_the_scene_says():
    image = np.full((4, 5, 3), 9, np.uint8)
    frames = [
        episode(build("procedural", (4, 5, 3), mask="segmentation", floor=floor), [image], scene=Sky())[0]
        for floor in (False, True)
    ]
    sky, both = ((frame != 9).any(-1) for frame in frames)
    assert sky[:, 0].all() and sky.sum() == 4
    assert both[:, 0].all() and both[-1].all() and both.sum() == 8


@pytest.mark.parametrize(
    ("options", "cut_out"),
    [({}, False), ({"mask": "segmentation"}, True), ({"mask": "segmentation", "floor": True}, False)],
)
def test_the_sky_is_left_out_where_all_of_it_is_replaced(options, cut_out):
    scene = Sky()
    build("procedural", (4, 5, 3), **options).prepare(scene)
    assert scene.cut_out is cut_out
    build("procedural", (4, 5, 3)).prepare(scene)
    assert scene.cut_out is cut_out, "another background needs no less than the first"


def test_segmentation_needs_a_scene_and_a_floor_needs_segmentation():
    module = build("procedural", mask="segmentation")
    with pytest.raises(CoralError, match="which pixels are background") as refused:
        module.begin(np.random.default_rng(0), None)
    assert "mask color" in refused.value.hint
    with pytest.raises(UsageError, match="floor"):
        build("procedural", floor=True)
