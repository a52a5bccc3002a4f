"""The named size of an assembly is found again."""

from __future__ import annotations

import pytest

from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.sizes import size_of
from coral_cli.registry.options import Json


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"env": "box-push", "method": "p-coral", "steps": 5000, "seed": 3},
        {"method": "proprio-sac"},
        {"rssm": "categorical", "distraction": ("noise",)},
        {"policy": "imagination", "image-loss.weight": 2.0},
    ],
)
def test_the_size_is_the_one_that_was_given(size: str, others: dict[str, Json], toy_catalog) -> None:
    assert size_of(resolve({**others, "size": size}, toy_catalog), toy_catalog) == size


def test_without_one_it_is_the_papers(toy_catalog) -> None:
    assert size_of(resolve({}, toy_catalog), toy_catalog) == "paper"


@pytest.mark.parametrize("own", [{"batch-size": 7}, {"rssm.gru": 65}, {"image-encoder.depth": 4}])
def test_with_sizes_of_ones_own_it_has_no_name(own: dict[str, Json], toy_catalog) -> None:
    assert size_of(resolve({"size": "tiny", **own}, toy_catalog), toy_catalog) is None
