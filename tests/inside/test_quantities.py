"""What is asked of a latent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from coral_cli.inside.quantities import Split, distraction_quantities, hidden_quantities
from coral_cli.inside.watching import Watched
from coral_cli.testing.toys import STEPS

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("count", "sizes"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (8, (5, 1, 2)), (20, (12, 3, 5)), (100, (57, 18, 25))]
)
def test_a_quarter_is_unseen_and_a_quarter_of_the_others_chooses(
    count: int, sizes: tuple[int, int, int], episodes: Sequence[Watched]
) -> None:
    split = Split.of([episodes[0]] * count)
    assert (len(split.training), len(split.validation), len(split.unseen)) == sizes


def test_no_episode_is_in_two_parts(episodes: Sequence[Watched]) -> None:
    split = Split.of(episodes)
    found = [id(each) for part in (split.training, split.validation, split.unseen) for each in part]
    assert found == [id(each) for each in episodes]


def test_the_state_is_told_step_by_step(episodes: Sequence[Watched]) -> None:
    split = Split.of(episodes)
    place, speed = hidden_quantities(split, CPU)
    assert (place.name, place.kind, speed.name) == ("place", "state", "speed")
    assert place.values.training.shape == (2 * (STEPS + 1), 2) and place.values.unseen.shape == (STEPS + 1, 2)
    np.testing.assert_allclose(speed.values.unseen.numpy(), episodes[3].hidden["speed"], rtol=1e-6)
    assert split.parts("latents").validation.shape[0] == STEPS + 1


def test_the_distraction_is_what_it_adds_to_the_picture(episodes: Sequence[Watched]) -> None:
    """Of pictures of one colour: grey 40 becomes 20 + 8 n at step n - 1, and the third is missing."""

    def plain(episode: Watched) -> Watched:
        clean = np.full_like(episode.clean["image"], 40)
        steps = np.arange(1, STEPS + 2)[:, None, None, None]
        return replace(episode, clean={"image": clean}, seen={"image": np.uint8(clean // 2 + 8 * steps)})

    colour, coarse = distraction_quantities(Split.of([plain(each) for each in episodes]), "image", CPU)
    expected = np.array([0 if step == 2 else -20 + 8 * (step + 1) for step in range(STEPS + 1)], float)
    np.testing.assert_allclose(colour.values.unseen.numpy(), expected[:, None].repeat(3, 1), atol=1e-4)
    assert colour.kind == coarse.kind == "distraction"
    variance = coarse.values.training.var(0, correction=0)
    assert float(variance.sum()) == pytest.approx(8 * 8 * 3 * float(expected.var()), rel=1e-4)
    assert float(variance[0] / variance.sum()) == pytest.approx(1, abs=1e-5)


def test_without_a_difference_there_is_no_distraction(episodes: Sequence[Watched]) -> None:
    clean = [replace(episode, seen=episode.clean) for episode in episodes]
    assert distraction_quantities(Split.of(clean), "image", CPU) == []
