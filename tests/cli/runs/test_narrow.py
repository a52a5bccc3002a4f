"""The table of ``coral runs`` on a narrow terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from coral_cli.display.runs import Listed, print_runs
from coral_cli.registry.console import Terminal
from coral_cli.runs.overview import overview


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (200, {"name", "state", "task", "method", "seed", "steps", "last", "best", "age", "disk"}),
        (60, {"name", "state", "steps", "best", "task", "method", "seed"}),
        (40, {"name", "state", "steps", "best"}),
    ],
)
def test_on_a_narrow_terminal_some_columns_are_left_out(width, kept, make_run, told) -> None:
    run = make_run("runs/cheetah", told.began(), told.evaluated(400, 9.0))
    screen = Screen()
    console = Terminal(file=screen, width=width, color_system=None, force_terminal=True)
    listed = Listed(overview(run.path), "cheetah-seed0", "v-coral")
    left_out = print_runs(console, [listed], datetime(2026, 1, 3, tzinfo=UTC))
    header, row = screen.getvalue().splitlines()
    assert set(header.split()) == kept
    assert not kept & set(left_out) and max(len(header), len(row)) <= width
    assert "cheetah-seed0" in row and "400/1,000" in row


def test_where_not_even_the_name_fits_every_cell_has_a_line(make_run, told) -> None:
    run = make_run("runs/a", told.began())
    screen = Screen()
    console = Terminal(file=screen, width=40, color_system=None, force_terminal=True)
    assert print_runs(console, [Listed(overview(run.path), "x" * 50)], datetime(2026, 1, 3, tzinfo=UTC)) == []
    text = screen.getvalue()
    assert max(map(len, text.splitlines())) <= 40 and text.count("x") >= 50 and "0/1,000" in text
