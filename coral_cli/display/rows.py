"""The dashboard's contents: lines of text, each with a priority, cut to any terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rich.text import Text

from coral_cli.display.curves import sparkline
from coral_cli.display.numbers import count, duration, number, size
from coral_cli.display.progress import Progress
from coral_cli.display.telling import amount, beyond, eta, percent, speeds, to_do

LABEL, FIGURE, FIGURES = 10, 6, 35
"""The columns of a line's name, of a loss, and of all figures of a line; its curve has the rest."""

STATUS = {"done": "bold green", "interrupted": "bold yellow", "stopped": "bold yellow", "failed": "bold red"}


class Row(NamedTuple):
    """One line of the screen. Where room is short, the lowest priority goes first."""

    priority: int
    text: Text


BLANK = Row(10, Text())


def live_rows(progress: Progress, since: float, width: int) -> list[Row]:
    """Return the running dashboard, ``since`` seconds after the last event."""
    return [
        Row(91, _header(progress, width)),
        Row(100, _bar(progress, since, width)),
        Row(93, _rates(progress, width)),
        BLANK,
        *_return_rows(progress, width),
        BLANK,
        *_loss_rows(progress, width),
        BLANK,
        *_cell_rows(50, "policy", progress.values("policy"), width),
        *_cell_rows(40, "gradient", progress.values("gradient"), width),
        *_time_rows(progress, width),
        *_message_rows(progress, width),
    ]


def summary_rows(progress: Progress, since: float, width: int) -> list[Row]:
    """Return the rows that stay on the screen when the run is over."""
    return [
        Row(100, _ending(progress, since)),
        *(Row(97, Text(line)) for line in (beyond(progress), to_do(progress)) if line),
        *_return_rows(progress, width),
        *_loss_rows(progress, width),
        *_message_rows(progress, width),
    ]


def fit(rows: list[Row], height: int) -> list[Text]:
    """Return the lines of at most ``height`` rows, the most important ones, in their order."""
    kept = sorted(range(len(rows)), key=lambda index: -rows[index].priority)[: max(height, 1)]
    return [rows[index].text for index in sorted(kept)]


def _header(progress: Progress, width: int) -> Text:
    start = progress.start
    if not start:
        return Text("starting", style="dim")
    rest = [start.get("env"), start.get("device"), f"{start.get('renderer')} renderer", f"seed {start.get('seed')}"]
    return _joined([Text(str(start.get("name")), "bold cyan"), *(Text(str(part)) for part in rest)], width)


def _bar(progress: Progress, since: float, width: int) -> Text:
    elapsed = f"{duration(progress.seconds + since)} elapsed"
    if not progress.budget:
        return Text(elapsed)
    parts = [f"{percent(progress):>4}", eta(progress, since), f"{amount(progress)} {progress.unit}"]
    parts += [to_do(progress), elapsed]
    figures = _joined([Text(part) for part in parts if part], max(width - 10, 0))
    room = width - len(figures) - 2
    filled = int(room * progress.fraction)
    return Text.assemble(("━" * filled, "green"), ("─" * (room - filled), "dim"), "  ", figures)


def _rates(progress: Progress, width: int) -> Text:
    update, parts = progress.update, speeds(progress)
    if update.get("memory_mb") is not None:
        parts.append(f"memory {size(update['memory_mb'] * 1e6)}")
    if progress.start.get("replay_bytes"):
        parts.append(f"replay {size(progress.start['replay_bytes'])}")
    if progress.episode:
        parts.append(f"{count(progress.episode['episode'])} episodes")
    if update.get("updates") is not None and progress.unit != "updates":
        parts.append(f"{count(update['updates'])} updates")
    return _joined(map(Text, parts), width)


def _return_rows(progress: Progress, width: int) -> list[Row]:
    if not progress.returns:
        waiting = (
            []
            if progress.end or progress.unit != "steps"
            else [Row(95, Text("waiting for the first episode to end", style="dim"))]
        )
        return waiting + _evaluation_rows(progress, width)
    figures = [
        _figure("", progress.returns[-1]),
        _figure("mean(10)", progress.mean_return),
        _figure("best", progress.best_return),
    ]
    row = Row(95, _line("return", figures, progress.curves["return"].values, "cyan", width))
    random = bool(progress.episode.get("random")) and not progress.end
    note = [Row(70, Text(" " * LABEL + "random actions, to fill the replay", style="dim"))] if random else []
    return [row, *note, *_evaluation_rows(progress, width)]


def _evaluation_rows(progress: Progress, width: int) -> list[Row]:
    if progress.evaluation is None:
        return []
    values = progress.evaluation.values
    names = [key.removesuffix("/mean") for key in values if key.endswith("/mean")]
    figures = {name: _with_error(values.get(f"{name}/mean"), values.get(f"{name}/stderr")) for name in names}
    main = [figures.pop("return", Text("-")), Text(f"at {count(progress.evaluation.step)}", "dim")]
    rows = [Row(94, _line("eval", main, progress.curves["evaluation"].values, "green", width))]
    others = [Text.assemble((f"{name} ", "dim"), figure) for name, figure in figures.items()]
    return rows + [Row(75, line) for line in _flow("", others, width)]


def _loss_rows(progress: Progress, width: int) -> list[Row]:
    """Return the losses' rows, the total last, for it is the least telling; a sensor's metrics are beside its loss."""
    losses = progress.values("loss")
    names = sorted(losses, key=lambda name: name == "total")
    metrics, shares = progress.values("metric"), progress.values("share")
    rows = [Row(20, Text("losses in nats", "dim"))] if names else []
    for index, name in enumerate(names):
        own = {key.removeprefix(f"{name}/"): value for key, value in metrics.items() if key.startswith(f"{name}/")}
        loss = _figure("", losses[name])
        loss.pad_right(FIGURE - len(loss))
        share = [Text.assemble(("share ", "dim"), f"{shares[name]:.0%}")] if shares.get(name) is not None else []
        figures = [loss, *share, *(_figure(key, value) for key, value in own.items())]
        curve = progress.curves[f"loss/{name}"].values
        rows.append(Row(90 - index, _line(name, figures, curve, "magenta", width)))
    loose = {key: value for key, value in metrics.items() if key.split("/")[0] not in losses}
    return rows + _cell_rows(45, "metrics", loose, width)


def _time_rows(progress: Progress, width: int) -> list[Row]:
    shares = {name: share for name, share in progress.values("seconds").items() if share is not None}
    largest_first = sorted(shares.items(), key=lambda item: -item[1])
    cells = [Text.assemble((f"{name} ", "dim"), f"{share:.0%}") for name, share in largest_first]
    return [Row(60, line) for line in _flow("time", cells, width)]


def _message_rows(progress: Progress, width: int) -> list[Row]:
    rows = []
    if progress.checkpoint:
        rows.append(Row(55, _named("saved", Text(_end_of(progress.checkpoint, width - LABEL)))))
    if progress.note:
        rows += _wrapped("note", progress.note, "cyan", width)
    if progress.warning:
        rows += _wrapped("warning", progress.warning, "yellow", width)
    return rows


def _wrapped(label: str, message: str, style: str, width: int) -> list[Row]:
    lines = textwrap.wrap(message, max(width - LABEL, 10))
    return [Row(92 - index, _named("" if index else label, Text(line, style))) for index, line in enumerate(lines)]


def _ending(progress: Progress, since: float) -> Text:
    if not (progress.start or progress.end):
        return Text.assemble(("stopped", STATUS["failed"]), "  before it began")
    name, steps = str(progress.start.get("name", "")), f"at step {count(progress.step)}"
    if progress.end is None:
        return Text.assemble(
            ("stopped", STATUS["failed"]), f"  {name}  {steps} after {duration(progress.seconds + since)}"
        )
    status, seconds = progress.end.values["status"], progress.end.values["seconds"]
    return Text.assemble((status, STATUS[status]), f"  {name}  {steps} after {duration(seconds)}")


def _cell_rows(priority: int, label: str, values: Mapping[str, float | None], width: int) -> list[Row]:
    return [Row(priority, line) for line in _flow(label, [_figure(*item) for item in values.items()], width)]


def _line(label: str, figures: Iterable[Text], curve: list[float], colour: str, width: int) -> Text:
    """Write a name, its figures and, where there is room for it, its curve."""
    room = width - LABEL - FIGURES
    if room < 8:
        return _named(label, _joined(figures, width - LABEL))
    text = _joined(figures, FIGURES - 2)
    text.pad_right(FIGURES - len(text))
    return _named(label, text).append(sparkline(curve, room), colour)


def _flow(label: str, cells: list[Text], width: int) -> list[Text]:
    """Lay out cells in columns of one width, over as many lines as they need."""
    if not cells:
        return []
    column = max(map(len, cells)) + 2
    per_line = max(1, (width - LABEL + 2) // column)
    for cell in cells:
        cell.pad_right(column - len(cell))
    lines = [cells[start : start + per_line] for start in range(0, len(cells), per_line)]
    return [_named(label if index == 0 else "", Text().join(line)) for index, line in enumerate(lines)]


def _joined(parts: Iterable[Text], width: int) -> Text:
    """Join as many parts as fit, two columns apart."""
    line = Text()
    for part in parts:
        gap = 2 if len(line) else 0
        if len(line) and len(line) + gap + len(part) > width:
            break
        line.append(" " * gap).append_text(part)
    return line


def _named(label: str, text: Text) -> Text:
    return Text.assemble((_start_of(label, LABEL - 1).ljust(LABEL), "dim"), text)


def _figure(name: str, value: float | None) -> Text:
    bad = value is None or not math.isfinite(value)
    figure = Text(number(value), "bold red" if bad else "bold")
    return Text.assemble((f"{name} ", "dim"), figure) if name else figure


def _with_error(mean: float | None, error: float | None) -> Text:
    figure = _figure("", mean)
    return figure if error is None else Text.assemble(figure, f" ± {number(error)}")


def _start_of(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _end_of(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[len(text) - max(width - 1, 0) :]
