"""Ratios to a reference with intervals, areas under curves, and files of both."""

from __future__ import annotations

import csv
import itertools
import json

import pytest

from coral_cli.report.relative import HeatMap, area, document, relative, shade, square, write_csv


def test_a_ratio_is_that_of_means_and_its_interval_that_of_resampled_pairs() -> None:
    values, reference = [2.0, 4.0, 9.0, 1.0, 7.0], [10.0, 20.0, 10.0, 3.0, 9.0]
    found = relative(values, reference)
    assert found is not None and found.value == pytest.approx(23 / 52)
    every = sorted(
        sum(values[seed] for seed in seeds) / sum(reference[seed] for seed in seeds)
        for seeds in itertools.product(range(5), repeat=5)
    )
    assert (found.low, found.high) == (pytest.approx(every[78]), pytest.approx(every[3046]))  # 2.5, 97.5 % of 3125


def test_seeds_that_vary_together_have_a_narrow_interval() -> None:
    found = relative([10.0, 100.0], [20.0, 200.0])
    assert found is not None and (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("values", "reference"), [([1.0], [0.0]), ([-1.0, 3.0], [1.0, 2.0]), ([1.0], [-3.0]), ([], [])]
)
def test_a_ratio_that_means_nothing_is_none(values, reference) -> None:
    assert relative(values, reference) is None


def test_one_seed_says_nothing_of_others() -> None:
    found = relative([3.0], [2.0])
    assert found is not None and (found.value, found.low, found.high) == (1.5, None, None)


def test_what_is_not_finished_has_no_value_and_what_has_no_reference_no_ratio() -> None:
    half = square({"a": "x"}, [1.0, None], [2.0, 2.0])
    assert (half.runs, half.finished, half.value, half.relative) == (2, 1, None, None)
    alone = square({}, [1.0, 1.0], [2.0, None])
    assert alone.value is not None and alone.value.value == 1.0 and alone.relative is None
    itself = square({}, [1.0, 3.0], None)
    assert itself.is_reference and itself.relative is None and itself.value.value == 2.0
    assert square({}, [], []).value is None


def test_worse_is_what_lies_wholly_on_the_wrong_side() -> None:
    assert square({}, [1.0, 2.0], [3.0, 4.0]).worse and not square({}, [1.0, 5.0], [3.0, 4.0]).worse
    assert square({}, [5.0, 6.0], [3.0, 4.0], is_cost=True).worse
    assert not square({}, [1.0, 2.0], [3.0, 4.0], is_cost=True).worse
    assert not square({}, [1.0], [3.0]).worse  # of which nobody knows
    assert square({}, [1.0], [3.0, 4.0]).relative is None  # other seeds


def test_colours_are_white_at_one_orange_below_and_blue_above() -> None:
    assert (shade(1.0), shade(0.0), shade(2.0), shade(9.0)) == ("#ffffff", "#e87d2c", "#4c9fdb", "#4c9fdb")
    assert shade(0.5) == "#f4be96"
    assert square({}, [2.0], [1.0], is_cost=True).shade == shade(0.5) and square({}, [2.0], [1.0]).shade == shade(2.0)
    assert square({}, [2.0], None).shade == ""


def test_an_area_is_that_of_trapezoids_over_its_width() -> None:
    assert area([10, 20, 40], [0.0, 2.0, 4.0], 40) == pytest.approx((10 * 1 + 20 * 3) / 30)
    assert area([10, 20, 40], [0.0, 2.0, 4.0], 30) == pytest.approx((10 * 1 + 10 * 2.5) / 20)  # 3 at 30
    assert area([10, 20, 40], [0.0, 2.0, 4.0], 100) == area([10, 20, 40], [0.0, 2.0, 4.0], 40)
    assert area([10], [1.0], 40) is None and area([10, 20], [1.0, 1.0], 5) is None


def heat() -> HeatMap:
    squares = {
        ("clean", "cv"): square({"row": "none", "loss": "cv"}, [4.0, 4.0], None, 10),
        ("disks", "cv"): square({"row": "disks", "loss": "cv"}, [1.0, 3.0], [4.0, 4.0], 10),
        ("disks", "cpc"): square({"row": "disks", "loss": "cpc", "size": "tiny"}, [1.0, None], [4.0, 4.0], 10),
    }
    return HeatMap("a task", "return relative to clean", ["clean", "disks"], ["cv", "cpc"], "row", squares)


def test_documents_and_files_have_every_square(tmp_path) -> None:
    found = json.loads(json.dumps(document(heat())))
    assert (found["unfinished_runs"], len(found["squares"])) == (1, 3)
    assert found["squares"][1]["relative"] == {"value": 0.5, "low": 0.25, "high": 0.75}
    write_csv(tmp_path / "a.csv", [heat()])
    lines = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [line["relative"] for line in lines] == ["", "0.5", ""] and lines[2]["size"] == "tiny"
    assert lines[0]["reference"] == "yes" and lines[2]["finished"] == "1" and lines[2]["value"] == ""
