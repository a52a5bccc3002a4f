"""Pictures of an episode from inside, and how film and sheet show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from coral_cli.inside.drawing import caption, film, sheet
from coral_cli.inside.open_loop import foreseen
from coral_cli.inside.picture_decoder import PictureDecoder
from coral_cli.inside.views import AHEAD, Views, ahead_of, picture_shares, salience_of, views_of
from coral_cli.inside.watching import Watched
from coral_cli.testing.toys import STEPS
from coral_cli.training.agent import Agent

LENGTH = 2 * AHEAD + 4


@pytest.fixture
def long(episodes: Sequence[Watched]) -> Watched:
    """An episode of 34 actions, glued together."""

    def glued(values: object) -> object:
        if isinstance(values, torch.Tensor):
            return torch.cat([values] * 3)[: LENGTH + 1]
        if isinstance(values, dict):
            return {name: np.concatenate([value] * 3)[: LENGTH + 1] for name, value in values.items()}
        return values

    return Watched(**{name: glued(value) for name, value in vars(episodes[0]).items()})


@pytest.fixture
def decoder(agent: Agent, long: Watched) -> PictureDecoder:
    torch.manual_seed(0)
    pictures = agent.representation.normalization("image", torch.from_numpy(long.clean["image"]))
    return PictureDecoder(long.latents, pictures.mean(0))


def test_every_fifteenth_step_is_looked_at(agent: Agent, long: Watched) -> None:
    """The states of steps 0, 15 and 30 go on without looking; each draws its own samples."""
    found = ahead_of(agent.representation, long, seed=5)
    assert found.shape == long.latents.shape and torch.equal(found[0], long.latents[0])
    starts = torch.tensor([0, 15, 30])
    actions = torch.stack([long.actions[start + 1 : start + 16] for start in (0, 15)])
    last = torch.cat([long.actions[31:], long.actions[-1:].expand(AHEAD - 4, -1)])
    torch.manual_seed(5)
    rolled = foreseen(agent.representation.rssm, long.h[starts], long.z[starts], torch.cat([actions, last[None]]))
    torch.testing.assert_close(found[1:16], rolled[0])
    torch.testing.assert_close(found[16:31], rolled[1])
    torch.testing.assert_close(found[31:], rolled[2, :4])


def test_pictures_of_an_episode(agent: Agent, decoder: PictureDecoder, long: Watched) -> None:
    views = views_of(agent.representation, decoder, long, "image", distracted=True, seed=0)
    assert np.array_equal(views.seen, long.seen["image"]) and views.clean is not None
    assert np.array_equal(views.clean, long.clean["image"])
    for pictures in (views.decoded, views.ahead, views.salient):
        assert pictures.shape == views.seen.shape and pictures.dtype == np.uint8
    drawn = decoder.drawn(long.latents).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(views.decoded, np.clip(255 * (drawn + 0.5), 0, 255), atol=0.51)
    assert views_of(agent.representation, decoder, long, "image", distracted=False, seed=0).clean is None


def test_depth_is_drawn_in_greys_near_is_bright(deep: Agent, episodes: Sequence[Watched]) -> None:
    far = np.linspace(0, 5, 32, dtype=np.float32)[:, None, None].repeat(32, 1)
    depth = {"image": np.stack([far] * (STEPS + 1))}
    episode = replace(episodes[0], seen=depth, clean=depth)
    pictures = deep.representation.normalization("image", torch.from_numpy(depth["image"]))
    decoder = PictureDecoder(episode.latents, pictures.mean(0))
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.zero_()  # so that it draws the mean
    views = views_of(deep.representation, decoder, episode, "image", distracted=False, seed=0)
    assert views.seen[0, 0, 0].tolist() == [255] * 3 and views.seen[0, -1, 0].tolist() == [0] * 3
    np.testing.assert_allclose(views.decoded[..., 0].astype(int), views.seen[..., 0], atol=1)
    assert views.salient.shape == views.seen.shape


def test_nothing_is_salient_where_no_picture_came(agent: Agent, long: Watched) -> None:
    found = salience_of(agent.representation, long, "image", seed=0)
    there = ~long.missing["image"]
    assert not found[~there].any() and all(picture.any() for picture in found[there])


def test_salience_is_the_slope_of_the_posterior(agent: Agent, episodes: Sequence[Watched]) -> None:
    """Against finite differences of one pixel, summed over all directions of the latent."""
    model, episode = agent.representation, episodes[0]
    model.double()
    picture = torch.from_numpy(episode.seen["image"][:1])
    image = model.normalization("image", picture).double()
    proprio = episode.embeddings[:1, model.encoders["image"].size :].double()

    def latent(given: torch.Tensor) -> torch.Tensor:
        return model.rssm.update(episode.h[:1].double(), torch.cat([model.encoders["image"](given), proprio], -1)).mean

    slope = torch.zeros(())
    for channel in range(3):
        moved = image.clone()
        moved[0, channel, 16, 16] += 1e-6
        slope = slope + ((latent(moved) - latent(image)) / 1e-6).square().sum()
    model.float()
    found = np.mean([salience_of(model, episode, "image", seed)[0, 16, 16] ** 2 for seed in range(60)])
    assert found == pytest.approx(float(slope), rel=0.25)


def test_shares_of_pictures(agent: Agent, decoder: PictureDecoder, long: Watched, episodes: Sequence[Watched]) -> None:
    def normal(pictures: torch.Tensor) -> torch.Tensor:
        return agent.representation.normalization("image", pictures)

    shares = picture_shares(agent.representation, decoder, [long], "image", normal, 0)
    assert list(shares) == [0, 1, 5, AHEAD]
    true = normal(torch.from_numpy(long.clean["image"]))
    errors = (decoder.drawn(long.latents) - true).square().sum() / (true - true.mean(0)).square().sum()
    assert shares[0] == pytest.approx(1 - float(errors), rel=1e-4)
    short = picture_shares(agent.representation, decoder, episodes[:1], "image", normal, 0)
    assert list(short) == [0, 1, 5] and STEPS < AHEAD


def views(length: int, height: int = 64, width: int = 64, clean: bool = True) -> Views:
    grey = np.arange(length + 1, dtype=np.uint8)[:, None, None, None]
    every = np.broadcast_to(grey, (length + 1, height, width, 3))
    return Views(every, every if clean else None, every, every, every)


@pytest.mark.parametrize("length", [0, 1, 7, 14, 15, 16, 125])
def test_a_sheet_of_any_length(length: int) -> None:
    picture = sheet({"run": views(length)})
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    assert picture.shape[0] == 2 * 22 + 6 * 132 and picture.shape[1] <= 132 + 8 * 132 + 4


def test_a_sheet_without_a_distraction_has_a_row_less() -> None:
    assert len(sheet({"run": views(20)})) - len(sheet({"run": views(20, clean=False)})) == 132


def test_a_sheet_of_several_agents_is_that_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = views(20), views(30, clean=False)
    both = sheet({"one": one, "other": other})
    assert len(both) == len(sheet({"one": one})) + len(sheet({"other": other})) + 2 * 44
    assert np.array_equal(both[44 : 44 + len(sheet({"one": one}))], sheet({"one": one}))


@pytest.mark.parametrize("size", [(64, 64), (84, 84), (32, 48), (240, 320)])
def test_a_film_has_a_frame_of_one_size_for_each_step(size: tuple[int, int]) -> None:
    frames = list(film({"one": views(20, *size), "other": views(5, *size, clean=False)}))
    assert len(frames) == 21 and len({frame.shape for frame in frames}) == 1
    assert frames[0].dtype == np.uint8


def test_a_shorter_episode_stands_still_at_its_end() -> None:
    one, other = views(20), views(5)
    frames = list(film({"one": one, "other": other}))
    rows = len(frames[0]) // 2
    assert np.array_equal(frames[6][rows:], frames[20][rows:]) and not np.array_equal(
        frames[6][:rows], frames[20][:rows]
    )
    alone = list(film({"one": one}))
    assert np.array_equal(frames[3][22:rows], alone[3])


def test_the_step_that_was_foreseen_from_is_said() -> None:
    """The words above the pictures differ from step to step, but not 15 steps later."""
    words = [frame[:16] for frame in film({"one": replace(views(40), salient=views(40).seen)})]
    assert all(np.array_equal(words[step], words[step + AHEAD]) for step in range(1, 20))
    assert len({word.tobytes() for word in words[1 : AHEAD + 1]}) == AHEAD


def test_words_are_black_on_white_and_fit() -> None:
    picture = caption("decoded from the latent", 132, 128)
    assert picture.shape == (128, 132, 3) and picture[0, 0].tolist() == [255] * 3
    dark = np.argwhere(picture[..., 0] < 100)
    assert len(dark) > 50 and dark[:, 1].max() < 131 and dark[:, 0].min() > 30
    assert caption("", 10, 5).min() == 255 and caption("x", 30, 22, dark=True)[0, 0].tolist() == [0, 0, 0]
