"""Raw images saved instead of normalised ones: gradients are the same, and what is not the images is saved as it is."""

import pytest
import torch
from torch.nn.functional import conv2d

from coral_cli.fast.saved_raw import saving_raw


def raw_images():
    torch.manual_seed(0)
    raw = torch.randint(256, (6, 8, 8, 3), dtype=torch.uint8)
    return raw, torch.randn(4, 3, 4, 4, requires_grad=True)


def normalised(raw):
    return raw.permute(0, 3, 1, 2).float() / 255 - 0.5


def gradient(weight, images, parts):
    """That of the weight in a convolution whose output is squared, in ``parts``."""
    out = torch.cat([conv2d(part, weight, stride=2) for part in images.split(parts)])
    return torch.autograd.grad(out.square().sum(), weight)[0]


@pytest.mark.parametrize("parts", [6, 4, 1])
def test_the_gradient_is_that_of_the_images(parts):
    raw, weight = raw_images()
    asked = []

    def normalise(rows):
        asked.append(len(rows))
        return normalised(rows)

    images = normalised(raw)
    with saving_raw(images, raw, normalise):
        out = torch.cat([conv2d(part, weight, stride=2) for part in images.split(parts)])
    expected = gradient(weight, images.clone(), parts)
    images.zero_()  # nobody needs them any more
    found = torch.autograd.grad(out.square().sum(), weight)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert sum(asked) == 6 and max(asked) == parts


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[:, :2],  # other channels of the same memory
        lambda x: x[:, :, 1:],
        lambda x: x.flip(0),
        lambda x: x.contiguous(),  # the same values in another order of memory
        lambda x: x[::2],
        lambda x: x.transpose(2, 3),
    ],
)
def test_all_else_is_saved_as_it_is(change):
    raw, weight = raw_images()
    images = normalised(raw)
    entered = change(images)
    weight = weight[:, : entered.shape[1]].detach().requires_grad_()
    expected = gradient(weight, entered.clone(), 6)
    with saving_raw(images, raw, lambda rows: pytest.fail("not the images")):
        found = gradient(weight, entered, 6)
    torch.testing.assert_close(found, expected)


def test_rows_that_begin_later_are_found():
    """The images themselves may lie anywhere in their memory."""
    raw, weight = raw_images()
    images = normalised(raw)[2:]
    with saving_raw(images, raw[2:], lambda rows: normalised(rows)):
        out = conv2d(images[1:3], weight)
    expected = torch.autograd.grad(conv2d(images[1:3].clone(), weight).square().sum(), weight)[0]
    images.zero_()
    torch.testing.assert_close(torch.autograd.grad(out.square().sum(), weight)[0], expected)
