"""Patches against slices, one mixer layer against NumPy, sizes, and what is refused."""

import numpy as np
import pytest
import torch

from coral_cli.plugin import Sensor, UsageError
from coral_cli.testing import check_encoder, run
from coral_encoder_patch import PatchOptions, build, coral_encoders
from coral_encoder_patch.encoder import Mixer, cut

(RECORD,) = coral_encoders()


def camera(height, width, channels=3):
    return Sensor("camera", "image", (height, width, channels))


def test_patches_are_slices_of_the_image():
    image = torch.randn(2, 3, 6, 4)
    patches = cut(image, 2)
    assert patches.shape == (2, 6, 12)
    for row in range(3):
        for column in range(2):
            there = image[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert patches[:, 2 * row + column].equal(there.permute(0, 2, 3, 1).flatten(1))


def test_a_mixer_is_its_definition():
    torch.manual_seed(0)
    mixer = Mixer(patches=3, width=4)
    weights = {name: value.numpy() for name, value in mixer.state_dict().items()}
    x = torch.randn(2, 3, 4)
    values = x.numpy()

    def norm(v):
        return (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + 1e-5)  # weights are 1 and 0 so far

    def mlp(name, v):
        hidden = v @ weights[f"{name}.0.weight"].T + weights[f"{name}.0.bias"]
        hidden = torch.nn.functional.gelu(torch.from_numpy(hidden)).numpy()
        return hidden @ weights[f"{name}.2.weight"].T + weights[f"{name}.2.bias"]

    across = values + np.swapaxes(mlp("across", np.swapaxes(norm(values), 1, 2)), 1, 2)
    within = across + mlp("within", norm(across))
    np.testing.assert_allclose(mixer(x).detach().numpy(), within, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "patch"), [((32, 32, 3), 8), ((64, 64, 3), 8), ((48, 80, 3), 16), ((36, 60, 1), 12), ((64, 64, 3), 64)]
)
def test_images_of_any_size_that_the_patch_divides(shape, patch):
    encoder = build(PatchOptions(patch=patch, size=10), camera(*shape))
    image = torch.randn(2, *shape[:2], shape[2]).permute(0, 3, 1, 2)
    embedding = encoder(image)
    assert embedding.shape == (2, encoder.size) == (2, 10)
    embedding.square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in encoder.parameters())


def test_every_patch_counts_and_its_place_too():
    torch.manual_seed(0)
    encoder = build(PatchOptions(patch=16, size=6), camera(32, 48))
    image = torch.randn(1, 3, 32, 48, requires_grad=True)
    encoder(image).sum().backward()
    assert image.grad.abs().amin() > 0
    assert not torch.allclose(encoder(image), encoder(image.roll(16, 3)), atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "patch", "message", "hint"),
    [
        (
            (24, 64, 3),
            8,
            "images of 24x64 are too small for the encoder patch.",
            "Use 32 pixels a side or more.",
        ),
        (
            (36, 60, 3),
            8,
            "images of 36x60 cannot be cut into patches of 8x8.",
            "Set --camera-encoder.patch to one of: 1, 2, 3, 4, 6, 12.",
        ),
    ],
)
def test_what_cannot_be_cut_is_refused(shape, patch, message, hint):
    with pytest.raises(UsageError) as error:
        build(PatchOptions(patch=patch), camera(*shape))
    assert (error.value.message, error.value.hint) == (message, hint)


def test_the_contract_holds():
    check_encoder(RECORD)


def test_it_trains_on_oblong_images(tmp_path):
    toy = "--env toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4 --image-size 40,64"
    line = f"train {toy} --image-encoder patch --image-loss infonce --steps 60 --quiet"
    outcome = run(f"{line} --random-episodes 1 --updates-per-step 0.2 --out {tmp_path / 'run'}", components=[RECORD])
    assert outcome.code == 0, outcome.err


def test_a_size_that_cannot_be_is_one_sentence_and_one_hint(tmp_path):
    line = f"train --env toy --image-encoder patch --image-size 44,64 --steps 60 --out {tmp_path / 'run'}"
    outcome = run(line, components=[RECORD])
    assert outcome.code == 2
    assert "error: images of 44x64 cannot be cut into patches of 8x8." in outcome.err
    assert "hint: Set --image-encoder.patch to one of: 1, 2, 4." in outcome.err
