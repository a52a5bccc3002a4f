"""Draws the evaluation curves of runs, beside the random policy and published values.

python benchmarks/learning_curve.py RUN [RUN ...] --out curve.png --random 20 --published 50000:431 100000:734

Prints the numbers of the picture as a Markdown table. Needs the `dev` dependencies (matplotlib).
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from statistics import fmean

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resume import saved_assembly
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.discovery import discover
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import curve, read_metrics
from coral_cli.training.collection import episode_seed, random_policy, run_episode
from coral_cli.training.evaluation import mean_and_stderr


def with_error(mean: float, error: float) -> str:
    """A mean with its standard error, where there is one."""
    return f"{mean:.0f}" if math.isnan(error) else f"{mean:.0f} ± {error:.0f}"


def random_return(run: Path, episodes: int) -> tuple[float, float]:
    """Mean and standard error of the random policy's return in the run's environment."""
    assembler = Assembler(saved_assembly(run), discover(builtin))
    env = assembler.environment(select_backend())
    seeds = [episode_seed(0, "random policy", index) for index in range(episodes)]
    totals = [run_episode(env, seed, random_policy(env, seed), assembler.assembly.sensors).total for seed in seeds]
    env.close()
    return mean_and_stderr(totals)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--random", type=int, default=20, help="episodes of the random policy")
    parser.add_argument("--training", type=int, metavar="N", help="also draw means of N episodes of training")
    parser.add_argument("--published", nargs="*", default=[], metavar="STEP:RETURN")
    args = parser.parse_args()

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    columns = {}
    for run in args.runs:
        events = read_metrics(RunDirectory.open(run).metrics)
        steps, means = curve(events, "evaluation", "return/mean")
        _, errors = curve(events, "evaluation", "return/stderr")
        *_, bars = axes.errorbar(steps, means, errors, marker="o", markersize=3, capsize=2, label=run.name)
        if args.training:
            steps_of, totals = curve(events, "episode", "return")
            whole = len(totals) // args.training * args.training
            smoothed = [fmean(totals[i : i + args.training]) for i in range(0, whole, args.training)]
            ends = steps_of[args.training - 1 : whole : args.training]
            axes.plot(ends, smoothed, linewidth=0.8, alpha=0.6, color=bars[0].get_color())
        columns[run.name] = dict(zip(steps, zip(means, errors, strict=True), strict=True))
    mean, error = random_return(args.runs[0], args.random)
    axes.axhline(mean, color="grey", linestyle=":", label=f"random policy ({mean:.0f})")
    for point in args.published:
        step, value = map(float, point.split(":"))
        axes.plot(
            step, value, "k*", markersize=9, label="published, paper size" if point == args.published[0] else None
        )
    axes.set(xlabel="environment steps", ylabel="return, mean action", xlim=(0, None), ylim=(0, None))
    axes.legend(fontsize=7)
    figure.savefig(args.out, dpi=130)

    print("| environment steps | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for step in sorted(set().union(*columns.values())):
        cells = [with_error(*c[step]) if step in c else "" for c in columns.values()]
        print(f"| {step:,} | " + " | ".join(cells) + " |")
    print(f"\nrandom policy: {with_error(mean, error)} over {args.random} episodes")


if __name__ == "__main__":
    main()
