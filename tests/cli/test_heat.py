"""Heat maps in terminals of any width, in a pipe, and without colours."""

from __future__ import annotations

import io

import pytest

from coral_cli.commands.heat import print_heat, text_of
from coral_cli.registry.console import Terminal
from coral_cli.report.estimates import Estimate
from coral_cli.report.relative import HeatMap, Square, square

SQUARES = {
    ("clean", "cv"): square({}, [100.0, 300.0], None, 10),
    ("disks", "cv"): square({}, [50.0, 75.0], [100.0, 300.0], 20),
    ("clean", "cpc"): square({}, [100.0, 300.0], None, 10),
    ("disks", "cpc"): square({}, [50.0, None], [100.0, 300.0], 20),
    ("noise", "cpc"): square({}, [-5.0, 5.0], [100.0, 300.0], 20),
}
HEAT = HeatMap("a task", "relative", ["clean", "disks", "noise"], ["cv", "cpc"], "distraction", SQUARES)


def printed(width: int, **options) -> list[str]:
    console = Terminal(file=io.StringIO(), width=width, **{"force_terminal": True, "color_system": None, **options})
    print_heat(console, HEAT)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_squares_have_one_line_where_there_is_room() -> None:
    assert printed(80) == [
        "a task: relative",
        "distraction  cv                    cpc                           steps",
        "clean        200.0 [100.0, 300.0]  200.0 [100.0, 300.0]             10",
        "disks        0.31 [0.25, 0.50]!    1 of 2 done                      20",
        "noise                              0.00 [-5.00, 5.00], no ratio     20",
        "[95 % interval over seeds]",
        "! worse: the reference lies outside the interval",
        "1 of 10 runs is not finished: their squares have no value",
        "no ratio: the reference is not finished, is 0, or a return is negative",
    ]


def test_intervals_stand_below_where_there_is_less() -> None:
    assert printed(62)[1:8] == [
        "distraction  cv              cpc                      steps",
        "clean        200.0           200.0                       10",
        "             [100.0, 300.0]  [100.0, 300.0]",
        "disks        0.31            1 of 2 done                 20",
        "             [0.25, 0.50]!",
        "noise                        0.00                        20",
        "                             [-5.00, 5.00], no ratio",
    ]


def test_what_marks_mean_is_wrapped_between_words_in_a_terminal_alone() -> None:
    said = "no ratio: the reference is not finished, is 0, or a return is negative"
    assert printed(40)[-2:] == [said[:40], said[41:]]
    assert printed(40, force_terminal=False)[-1] == said


def share(value: float | None, runs: int, finished: int, probed: int) -> Square:
    known = None if value is None else Estimate(value, None, None)
    return Square({}, runs, finished, known, None, probed=probed)


@pytest.mark.parametrize(
    ("known", "text", "shade"),
    [
        (share(0.995, 1, 1, 1), "0.99", "#4d9fdb"),  # nearly the blue of 1, which is 4c9fdb
        (share(-0.004, 1, 1, 1), "0.00", "#fffefe"),
        (share(-0.5, 1, 1, 1), "-0.50", "#f4be96"),  # halfway from white to orange
        (share(None, 2, 2, 2), "-", ""),
        (share(None, 2, 2, 1), "1 of 2 probed", ""),
        (share(None, 2, 1, 1), "1 of 2 done", ""),
    ],
)
def test_a_share_is_said_as_it_is(known: Square, text: str, shade: str) -> None:
    assert (text_of(known), known.shade) == (text, shade)
    assert known.done == (text[-1] not in "de") and not known.unrelated


@pytest.mark.parametrize("width", [20, 40])
def test_no_number_is_cut_off_where_there_is_none(width) -> None:
    said = "".join(printed(width)).replace(" ", "")
    assert all(part in said for part in ("0.31", "[0.25,0.50]!", "1of2done"))


def test_in_a_pipe_each_row_is_one_line() -> None:
    assert printed(40, force_terminal=False)[3].split()[:4] == ["disks", "0.31", "[0.25,", "0.50]!"]


def test_colours_say_how_far_from_the_reference() -> None:
    console = Terminal(file=io.StringIO(), width=62, force_terminal=True, color_system="truecolor")
    print_heat(console, HEAT)
    shaded = [line for line in console.file.getvalue().splitlines() if "48;2;" in line]
    assert len(shaded) == 2 and all("48;2;239;166;110" in line for line in shaded)  # 0.31: over two lines
