from __future__ import annotations

import numpy as np
import pytest

from coral_cli.report.aggregates import Profile
from coral_cli.report.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, profile_chart, text
from coral_cli.report.curves import Curves
from coral_cli.report.grouping import Agent
from coral_cli.report.reading import Run
from coral_cli.report.series import thinned_over_runs

LOWEST, END = HEIGHT - BOTTOM, WIDTH - RIGHT


def run(*points: tuple[int, float]) -> Run:
    steps, values = zip(*points, strict=True)
    return Run(None, {}, {"env": "e", "distraction": []}, frozenset(), steps, values, steps)


def drawn(*runs: Run, published=None, over="steps"):
    known = Curves("return", over, [(3, Agent("one", {}, runs))], [thinned_over_runs(runs, over)])
    return chart(known, [published or {}])


def test_two_seeds_are_a_mean_a_band_and_two_thin_lines() -> None:
    found = drawn(run((0, 0.0), (1000, 10.0)), run((0, 4.0), (1000, 10.0)))
    [line] = found.lines
    height = LOWEST - TOP
    assert line.number == 3
    assert line.mean == f"M{LEFT} {LOWEST - 0.2 * height}L{END} {TOP}".replace(f"{LEFT} ", f"{LEFT}.0 ").replace(
        f"{END} {TOP}", f"{END}.0 {TOP}.0"
    )
    corners = [tuple(map(float, corner.split(","))) for corner in line.band.split()]
    assert corners == [(LEFT, LOWEST), (END, TOP), (END, TOP), (LEFT, LOWEST - 0.4 * height)], "low, then high"
    assert len(line.runs) == 2 and len(line.dots) == 2
    assert found.said == "return over environment steps. one has 10 after 1,000 steps."


def slow(pace: float, *values: float) -> Run:
    """A run that takes so many seconds from an evaluation to the next, which come every 100 steps."""
    steps = tuple(100 * number for number in range(len(values)))
    return Run(None, {}, {"env": "e", "distraction": []}, frozenset(), steps, values, tuple(pace * s for s in steps))


def test_over_time_runs_stand_where_they_were_then() -> None:
    """After 300 s the quick run has 3 of 6; the slow one, of 600 s for 100 steps, has gone half of its way to 1."""
    found = drawn(slow(1, *range(7)), slow(6, 0, 1), over="time")
    [line] = found.lines
    assert (found.over, found.across) == ("time", "training time (minutes)")
    assert [label for _, label in found.x_ticks] == ["0", "2", "4", "6", "8", "10"]
    places = [tuple(map(float, point.split())) for point in line.mean[1:].split("L")]
    height = (LOWEST - TOP) / 6
    assert places[3] == ((LEFT + END) / 2, round(LOWEST - (3 + 0.5) / 2 * height, 1))
    assert len(places) == 7, "both are known up to ten minutes"
    assert found.said == "return over training time. one has 3.5 after 10 minutes."


@pytest.mark.parametrize(("last", "unit"), [(0, "seconds"), (120, "seconds"), (121, "minutes"), (9000, "hours")])
def test_units_of_time(last: float, unit: str) -> None:
    found = drawn(slow(last / 100, 1.0, 2.0), over="time")
    assert found.across == f"training time ({unit})" and found.x_ticks


def test_one_seed_has_no_band_and_one_point_is_a_dot() -> None:
    [line] = drawn(run((1000, 7.0))).lines
    assert line.band == ""
    assert line.dots == [(END, (LOWEST + TOP) / 2)]
    [line] = drawn(run((1000, 0.0)), run((2000, 0.0))).lines
    assert (line.mean, line.dots, line.band) == ("", [], ""), "they have no step in common"


def test_a_profile_falls_from_all_runs_to_none() -> None:
    """Of one agent's two runs one is above 5 of 10; the other agent's interval is not known."""
    places = np.array([0.0, 5.0, 10.0])
    nothing = np.full(3, np.nan)
    one = Profile(places, np.array([1, 0.5, 0]), np.array([1, 0, 0.0]), np.array([1, 1, 0.0]))
    other = Profile(places, np.zeros(3), nothing, nothing)
    found = profile_chart("runs above a return", "return", [(0, "a", one), (4, "b", other)])
    first, second = found.lines
    middle, half = (LEFT + END) / 2, (LOWEST + TOP) / 2
    assert first.mean == f"M{float(LEFT)} {float(TOP)}L{middle} {half}L{float(END)} {float(LOWEST)}"
    corners = [tuple(map(float, corner.split(","))) for corner in first.band.split()]
    assert corners == [(LEFT, TOP), (middle, LOWEST), (END, LOWEST), (END, LOWEST), (middle, TOP), (LEFT, TOP)]
    assert (second.number, second.band, found.across) == (4, "", "return")
    assert [label for _, label in found.y_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert found.said == "Share of runs above a return: half of the runs of a are above 5; of b, fewer are."


def test_stars_are_in_sight() -> None:
    [line] = drawn(run((1000, 1.0), (2000, 2.0)), published={1000: 5.0}).lines
    assert line.stars == [((LEFT + END) / 2, TOP)]


def test_a_few_values_far_away_do_not_flatten_the_rest() -> None:
    quiet = [(step, float(step % 3)) for step in range(99)]
    found = drawn(run(*quiet, (99, 1000.0)))
    assert found.cut == "The axis leaves out some of the values, which lie between 0 and 1,000."
    assert found.y_ticks[-1][1] == "3"
    assert drawn(run(*quiet)).cut == ""


def test_ticks_are_round_numbers_at_their_places() -> None:
    found = drawn(run((0, -0.1), (40_000, 0.9)))
    assert found.x_ticks == [
        (LEFT, "0"), (LEFT + (END - LEFT) / 4, "10,000"), (LEFT + (END - LEFT) / 2, "20,000"),
        (LEFT + 3 * (END - LEFT) / 4, "30,000"), (END, "40,000"),
    ]  # fmt: skip
    assert [label for _, label in found.y_ticks] == ["0", "0.2", "0.4", "0.6", "0.8"]


@pytest.mark.parametrize("value", [0.0, 1e-320, -1e99, 1e99])
def test_any_number_has_an_axis(value: float) -> None:
    found = drawn(run((0, value), (0, value)) if value else run((0, 0.0)))
    assert found.x_ticks and found.y_ticks


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (1e6, "1,000,000"), (0.25, "0.25"), (-3e-5, "-3e-05"), (2e7, "2e+07")]
)
def test_numbers_of_an_axis(value: float, written: str) -> None:
    assert text(value) == written
