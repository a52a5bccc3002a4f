"""A sweep before it begins, and when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console

from coral_cli.display.estimates import Range, around, hurry, span
from coral_cli.display.numbers import count, duration, number
from coral_cli.display.sweep import Row, progress
from coral_cli.display.tables import print_table
from coral_cli.registry.terminal import sentence


def print_plan(
    console: Console,
    head: str,
    agents: Sequence[tuple[Mapping[str, str], float | None]],
    rows: Sequence[Row],
    eta: Range | None,
    note: str,
    busy: str = "",
) -> None:
    """Print a line for each agent of the plan, and how long all will take, or the ``note`` why that is not known.

    ``agents`` hold, for each of ``rows``, what tells its agent from the others, and the seconds that one training of it
    takes, where they are known; ``busy`` says how much the machine was so when that was measured.
    """
    groups: dict[tuple[tuple[str, str], ...], list[tuple[Row, float | None]]] = {}
    for (differs, pace), row in zip(agents, rows, strict=True):
        groups.setdefault(tuple(differs.items()), []).append((row, pace))
    flags = list(dict.fromkeys(flag for differs, _ in agents for flag in differs))
    lines = [_line(dict(key), flags, group) for key, group in groups.items()]
    columns = [*flags, "runs", "done", "steps", "each takes"]
    shown = [index for index in range(len(columns)) if columns[index] != "done" or any(line[index] for line in lines)]
    numeric = [place for place, index in enumerate(shown) if columns[index] in ("runs", "done", "steps")]
    print_table(
        console, [columns[index] for index in shown], [[line[index] for index in shown] for line in lines], numeric
    )
    left = sum(row.state != "done" for row in rows)
    runs = f"{len(rows)} run{'s' if len(rows) > 1 else ''}"
    so_far = f", {left} of them to do" if left < len(rows) else ""
    takes = f": about {span(eta)}{hurry(busy)}" if eta and left else f"; {note}" if note else ""
    done = f"all {runs} are done" if len(rows) > 1 else "its run is done"
    said = f"\n{head}; {runs}{so_far}{takes}" if left else f"\n{head}; {done}"
    console.print(said, soft_wrap=not console.is_terminal)


def _line(differs: Mapping[str, str], flags: Sequence[str], group: Sequence[tuple[Row, float | None]]) -> list[str]:
    rows, pace = [row for row, _ in group], group[0][1]
    done = sum(row.state == "done" for row in rows)
    return [
        *(differs.get(flag, "") for flag in flags),
        count(len(rows)),
        count(done) if done else "",
        count(rows[0].budget),
        "-" if pace is None else span(around([pace])),
    ]


def print_results(console: Console, rows: Sequence[Row]) -> None:
    """Print a line for every run: its state, how far it came, its last return, and why it failed."""
    columns = ["run", "state", "steps", "return", "training time", "why"]
    lines = [
        [
            row.name,
            str(row.state),
            progress(row),
            number(row.value),
            duration(row.seconds) if row.seconds else "-",
            sentence(row.reason),
        ]
        for row in rows
    ]
    last = len(columns) - (not any(row.reason for row in rows))
    print_table(console, columns[:last], [line[:last] for line in lines], (2, 3))
