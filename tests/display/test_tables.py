from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from coral_cli.display.tables import print_evaluation, print_table

VALUES = {
    "episodes": 20,
    "length/mean": 250.0,
    "length/stderr": 0.0,
    "drops/mean": 1.5,
    "return/mean": 455.24,
    "return/stderr": 12.1,
    "success/mean": 0.35,
    "success/stderr": 0.1,
}
ROWS = [
    ("loss", "cpc", "Contrasts [image] embeddings over time, with a long explanation."),
    ("encoder", "mlp", "x"),
]


def printed(show, *args, **options):
    console = Console(file=io.StringIO(), color_system=None, **options)
    show(console, *args)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_evaluation_table():
    assert printed(print_evaluation, {**VALUES, "return/max": 511.1, "return/min": 401.0}) == [
        "metric         mean  standard error   n",
        "return        455.2            12.1  20",
        "success rate   0.35            0.10  20",
        "length        250.0            0.00  20",
        "drops          1.50               -  20",
        "best return 511.1, worst 401.0",
    ]


def test_on_a_terminal_it_is_the_same_table():
    on_terminal = printed(print_evaluation, VALUES, width=60, force_terminal=True)
    assert on_terminal == printed(print_evaluation, VALUES)


def test_a_pipe_wraps_nothing():
    assert printed(print_table, ("kind", "name", "summary"), ROWS, width=20) == [
        "kind     name  summary",
        "loss     cpc   Contrasts [image] embeddings over time, with a long explanation.",
        "encoder  mlp   x",
    ]


def test_a_terminal_wraps_the_last_column():
    lines = printed(print_table, ("kind", "name", "summary"), ROWS, width=50, force_terminal=True)
    assert lines == [
        "kind     name  summary",
        "loss     cpc   Contrasts [image] embeddings over",
        "               time, with a long explanation.",
        "encoder  mlp   x",
    ]


def test_a_narrow_terminal_gets_a_line_per_cell():
    lines = printed(print_table, ("kind", "name", "summary"), ROWS, width=30, force_terminal=True)
    assert lines[:3] == ["kind     loss", "name     cpc", "summary  Contrasts [image]"]
    assert lines[-4:] == ["", "kind     encoder", "name     mlp", "summary  x"]
    assert max(map(len, lines)) <= 30


def test_a_cell_may_have_a_colour():
    rows = [(Text("ok", "green"), "x")]
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=60)
    print_table(console, ("result", "name"), rows)
    assert "\x1b[32mok" in console.file.getvalue()
    assert printed(print_table, ("result", "name"), rows) == ["result  name", "ok      x"]


def test_no_rows_leave_the_heading():
    assert printed(print_table, ("kind", "name"), []) == ["kind  name"]
