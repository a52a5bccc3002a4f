"""Times updates against what makes them larger: batch, length, image size, cameras, the method's sensors and losses.

python benchmarks/sweep.py --size paper --out sweep.csv --plot sweep.png

One axis is changed at a time, the rest is p-coral at --size; the points of an axis take turns. Writes a row a point
(.csv, or .json with the machine beside them) and prints them as a Markdown table. --plot needs matplotlib.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coral_cli.sessions.process import prepare

prepare()  # before torch

import torch  # noqa: E402
from agents import Subject, subject  # noqa: E402

from coral_cli.assembly.shorthands import SIZES  # noqa: E402
from coral_cli.measuring.flops import counted  # noqa: E402
from coral_cli.measuring.machine import measured_on  # noqa: E402
from coral_cli.measuring.timing import interleaved  # noqa: E402
from coral_cli.sessions.device import choose_device  # noqa: E402

METHODS = ("p-coral", "cpc-concat", "cpc-image", "v-coral", "cv-concat", "cv-image")
METHODS += ("recon-same", "recon-concat", "recon-image")
AXES: dict[str, tuple[Any, ...]] = {
    "batch": (8, 16, 32, 64),
    "length": (8, 16, 32, 64),
    "image": (32, 48, 64, 96, 128),
    "cameras": (1, 2, 3),
    "method": METHODS,
}
WARM_UP = 6
"""Rounds; on a GPU the first ones lead to a graph of the update."""
FLAGS = {"batch": "batch-size", "length": "batch-length", "method": "method"}

Row = dict[str, Any]


def made(axis: str, value: Any, size: str, precision: str, device: torch.device) -> Subject:
    """The agent at one point of an axis."""
    flags: dict[str, Any] = {"method": "p-coral", "size": size, "precision": precision}
    if axis == "image":
        flags["image-size"] = (value,)
    elif axis in FLAGS:
        flags[FLAGS[axis]] = value
    return subject(flags, device, cameras=value if axis == "cameras" else 1)


def swept(axis: str, values: Sequence[Any], args: argparse.Namespace, device: torch.device) -> Iterator[Row]:
    subjects = {value: made(axis, value, args.size, args.precision, device) for value in values}
    flops = {value: counted(one.update_step_by_step).total for value, one in subjects.items()}
    calls = {str(value): one.update for value, one in subjects.items()}
    for (value, one), timing in zip(
        subjects.items(), interleaved(calls, args.repeats, device, warm_up=WARM_UP).values(), strict=True
    ):
        settings = one.assembly.settings
        steps = settings.batch_size * settings.batch_length
        yield {
            "axis": axis,
            "value": value,
            "ms": 1e3 * timing.median,
            "spread": timing.spread,
            "updates_per_s": 1 / timing.median,
            "steps_per_s": steps / timing.median,
            "gflop": flops[value] / 1e9,
            "gflop_per_s": flops[value] / 1e9 / timing.median,
            "parameters": sum(one.agent.parameter_counts().values()),
        }


def write(path: Path, rows: Sequence[Row], machine: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = ["| axis | value | ms | middle half | updates/s | sensor steps/s | GFLOP | GFLOP/s |", "|---" * 8 + "|"]
    for row in rows:
        cells = [row["axis"], str(row["value"]), f"{row['ms']:.0f}", f"{row['spread']:.0%}"]
        cells += [f"{row['updates_per_s']:.2f}", f"{row['steps_per_s']:,.0f}", f"{row['gflop']:.1f}"]
        lines.append("| " + " | ".join([*cells, f"{row['gflop_per_s']:.0f}"]) + " |")
    return "\n".join(lines)


def plot(path: Path, rows: Sequence[Row]) -> None:
    """Updates a second along each axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = list(dict.fromkeys(row["axis"] for row in rows))
    figure, panels = plt.subplots(1, len(axes), figsize=(3 * len(axes), 3), layout="constrained", squeeze=False)
    for axis, panel in zip(axes, panels[0], strict=True):
        points = [(row["value"], row["updates_per_s"]) for row in rows if row["axis"] == axis]
        values, rates = zip(*points, strict=True)
        if axis == "method":
            panel.barh(values[::-1], rates[::-1])
            panel.set(xlabel="updates/s")
        else:
            panel.plot(values, rates, marker="o")
            panel.set(xlabel=axis, ylabel="updates/s", ylim=(0, None), xticks=values)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="paper")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--axes", nargs="+", choices=list(AXES), default=list(AXES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True, help="a .csv or .json file")
    parser.add_argument("--plot", type=Path, help="a .png file")
    args = parser.parse_args()

    device = choose_device(args.device)
    rows = [row for axis in args.axes for row in swept(axis, AXES[axis], args, device)]
    machine = measured_on(device)
    write(args.out, rows, machine)
    print(table(rows))
    print(f"\n{machine['gpu'] or machine['cpu']}, {machine['threads']} threads, torch {machine['torch']};", end=" ")
    print(f"size {args.size}, {args.precision}; {args.repeats} repeats.")
    if args.plot:
        plot(args.plot, rows)


if __name__ == "__main__":
    main()
