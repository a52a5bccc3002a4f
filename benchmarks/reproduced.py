"""Draws every return of docs/results that has a published one beside it, and writes their table into a page.

python benchmarks/reproduced.py docs/results

The folder's reproduced.csv has a row for each method on a task after some steps: the returns of its seeds, at which
steps the paper's value is taken, and which page tells of the runs. The table goes between two lines
`<!-- reproduced -->` of its README.md, the picture into reproduced.png. Needs the `dev` dependencies (matplotlib).
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from coral_cli.report.published import table

MARK = "<!-- reproduced -->\n"
SETTINGS = {"standard": "standard images", "video": "before films", "occlusion": "behind disks"}
SHAPES = {"standard": "o", "video": "s", "occlusion": "^"}


@dataclass(frozen=True)
class Row:
    """One method on one task: its seeds' returns at ``steps`` and the paper's value at about as many."""

    setting: str
    policy: str
    task: str
    method: str
    size: str
    steps: int
    published_at: int
    returns: tuple[int, ...]
    page: str

    @property
    def mean(self) -> float:
        """Mean of the seeds' returns."""
        return fmean(self.returns)

    @property
    def published(self) -> float:
        """The paper's interquartile mean of five seeds.

        Raises:
            KeyError: if the paper has no such curve.
        """
        return table()[self.setting, self.policy, self.task, self.method][self.published_at]


def read(path: Path) -> list[Row]:
    """The rows of the file."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                **{name: line[name] for name in ("setting", "policy", "task", "method", "size", "page")},
                steps=int(line["steps"]),
                published_at=int(line["published_at"]),
                returns=tuple(map(int, line["returns"].split(";"))),
            )
            for line in csv.DictReader(file)
        ]


def markdown(rows: list[Row]) -> str:
    """The table of all rows, with the published values beside them."""
    lines = [
        "| task | images | method | size | steps | return, seed by seed | mean | published |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        seeds = ", ".join(map(str, row.returns))
        lines.append(
            f"| {row.task} | {SETTINGS[row.setting]} | `{row.method}` | {row.size} | {row.steps:,} | "
            f"[{seeds}]({row.page}) | {int(row.mean + 0.5)} | {int(row.published + 0.5)} |"
        )
    curves = {(row.setting, row.policy, row.task, row.method) for row in rows}
    lines += ["", f"*{len(curves)} of the paper's {len(table())} curves; the others have no run that came as far.*"]
    return "\n".join(lines) + "\n"


def with_table(page: str, rows: list[Row]) -> str:
    """The page with its table written anew.

    Raises:
        ValueError: if the page has not exactly two lines that mark the table's place.
    """
    before, _, after = page.split(MARK)
    return before + MARK + "\n" + markdown(rows) + "\n" + MARK + after


def draw(rows: list[Row], out: Path) -> None:
    """Each row as a point: the paper's value across, coral's upwards; filled where the size is the paper's."""
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    colours = {method: f"C{index}" for index, method in enumerate(dict.fromkeys(row.method for row in rows))}
    for row in rows:
        filled = colours[row.method] if row.size == "paper" else "none"
        place = dict(marker=SHAPES[row.setting], edgecolors=colours[row.method], facecolors=filled, linewidths=1.6)
        axes.vlines(row.published, min(row.returns), max(row.returns), colours[row.method], linewidth=0.8)
        axes.scatter([row.published], [row.mean], s=60, zorder=3, **place)
    for method, colour in colours.items():
        axes.scatter([], [], marker="o", color=colour, label=method)
    for setting, shape in SHAPES.items():
        axes.scatter([], [], marker=shape, color="grey", label=SETTINGS[setting])
    axes.scatter([], [], marker="o", edgecolors="grey", facecolors="none", label="smaller than the paper's")
    axes.axline((0, 0), slope=1, color="grey", linestyle=":")
    axes.set(xlabel="published return", ylabel="coral's return", xlim=(0, 950), ylim=(0, 950), aspect="equal")
    axes.legend(fontsize=8, loc="upper left")
    figure.savefig(out, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    results: Path = parser.parse_args().results

    rows = read(results / "reproduced.csv")
    page = results / "README.md"
    page.write_text(with_table(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    draw(rows, results / "reproduced.png")


if __name__ == "__main__":
    main()
