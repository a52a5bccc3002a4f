"""Trains the paper's comparisons, several runs at a time, and sets their returns beside the published ones.

python benchmarks/reproduce.py occlusion --seeds 0 1 --jobs 2 --out runs/reproduce -- --size small

What follows -- goes to every `coral train`. The same command again goes on with what was cut off, and does nothing
where all is done; --report only reads what there is. Prints a Markdown table: mean returns and their standard error
over seeds, or of one seed over its episodes; --plot draws it. Published values are those of `coral report`.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from coral_cli.report.published import table as published_returns
from coral_cli.runs.metrics import curve, read_metrics
from coral_cli.training.evaluation import mean_and_stderr


@dataclass(frozen=True)
class Comparison:
    """Methods on one task; ``setting`` and ``policy`` are those of the published values to compare with, if any."""

    env: str
    methods: Sequence[str]
    setting: str = ""
    flags: str = ""
    policy: str = "sac"


COMPARISONS = {
    "standard": Comparison("cartpole-swingup", ("v-coral", "p-coral", "recon-same"), "standard"),
    "fusion": Comparison("cartpole-swingup", ("v-coral", "cv-concat", "cv-image"), "standard"),
    "imagination": Comparison("cartpole-swingup", ("v-coral",), "standard", "--policy imagination", "imagination"),
    "video": Comparison(
        "ball-in-cup-catch", ("v-coral", "recon-same", "cv-image"), "video", "--distraction procedural"
    ),
    "video-cartpole": Comparison(
        "cartpole-swingup",
        ("v-coral", "p-coral", "u-coral", "recon-same", "cv-image"),
        "video",
        "--distraction procedural",
    ),
    "occlusion": Comparison(
        "cheetah-run", ("p-coral", "v-coral", "u-coral", "recon-same"), "occlusion", "--distraction disks"
    ),
    "box-push": Comparison("box-push", ("v-coral", "p-coral", "cv-image", "proprio-sac")),
}

Points = Mapping[int, tuple[float, float]]
"""Mean return and its standard error by environment step."""


def trained(run: Path, flags: Sequence[str], steps: int, threads: int) -> int:
    """Starts a training or goes on with it, unless it is done; its exit code."""
    words = ["--resume", str(run)] if run.exists() else [*flags, "--out", str(run)]
    if run.exists() and last_step(run) >= steps:
        return 0
    environ = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "coral_cli", "train", *words, "--steps", str(steps), "--quiet"]
    print("start" if "--out" in words else "go on", run, flush=True)
    code = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL).returncode
    print(f"{run} ended at {last_step(run)} with {code}", flush=True)
    return code


def last_step(run: Path) -> int:
    """Of the environment, that the run has been evaluated at; 0 before that."""
    metrics = run / "metrics.jsonl"
    return max(points(run), default=0) if metrics.exists() else 0


def points(run: Path, key: str = "return") -> dict[int, tuple[float, float]]:
    """A run's evaluations."""
    events = read_metrics(run / "metrics.jsonl")
    steps, means = curve(events, "evaluation", f"{key}/mean")
    _, errors = curve(events, "evaluation", f"{key}/stderr")
    return dict(zip(steps, zip(means, errors, strict=True), strict=True))


def over_seeds(runs: Sequence[Path], key: str = "return") -> Points:
    """Mean and standard error over the runs, at the steps that all of them have."""
    every = [points(run, key) for run in runs if (run / "metrics.jsonl").exists()]
    if len(every) == 1:
        return every[0]
    steps = sorted(set.intersection(*map(set, every))) if every else []
    return {step: mean_and_stderr([one[step][0] for one in every]) for step in steps}


def published(comparison: Comparison, method: str) -> dict[int, float]:
    """Returns by environment step."""
    return published_returns().get((comparison.setting, comparison.policy, comparison.env, method), {})


def table(columns: Mapping[str, Points], known: Mapping[str, Mapping[int, float]]) -> str:
    """Markdown: a row a step, then the published rows."""
    lines = ["| environment steps | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for step in sorted(set().union(*columns.values())):
        cells = [with_error(*found[step]) if step in found else "" for found in columns.values()]
        lines.append(f"| {step:,} | " + " | ".join(cells) + " |")
    for step in sorted(set().union(*known.values())):
        cells = [f"{known[name][step]:.0f}" if step in known[name] else "" for name in columns]
        lines.append(f"| published at {step:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_error(mean: float, error: float) -> str:
    """A mean with its standard error, where there is one."""
    return f"{mean:.0f}" if math.isnan(error) else f"{mean:.0f} ± {error:.0f}"


def draw(columns: Mapping[str, Points], known: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Mean curves with their errors; stars are published values within the same steps."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    furthest = max((step for found in columns.values() for step in found), default=0)
    for name, found in columns.items():
        means, errors = zip(*found.values(), strict=True) if found else ((), ())
        line = axes.errorbar(list(found), means, errors, marker="o", markersize=3, capsize=2, label=name)
        near = {step: value for step, value in known[name].items() if step <= 1.02 * furthest}
        axes.plot(list(near), list(near.values()), "*", markersize=9, color=line[0].get_color())
    axes.set(xlabel="environment steps", ylabel="return, mean action", xlim=(0, None))
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        usage="%(prog)s COMPARISON [options] [-- FLAG ...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("comparison", choices=COMPARISONS)
    parser.add_argument("--methods", nargs="+", help="other ones than the comparison's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, which share the cores")
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--metric", default="return", help="what the table shows, such as success")
    parser.add_argument("--report", action="store_true", help="train nothing")
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, more = parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]

    comparison = COMPARISONS[args.comparison]
    methods = args.methods or comparison.methods
    runs = {method: [args.out / f"{args.comparison}-{method}-seed{seed}" for seed in args.seeds] for method in methods}
    if not args.report:
        flags = ["--env", comparison.env, *comparison.flags.split(), *more]
        threads = max(1, (os.cpu_count() or 1) // args.jobs)
        with ThreadPoolExecutor(args.jobs) as pool:  # seed by seed, so that a cut leaves every method with some
            codes = pool.map(
                lambda job: trained(job[1], [*flags, "--method", job[0], "--seed", str(job[2])], args.steps, threads),
                [(method, runs[method][index], seed) for index, seed in enumerate(args.seeds) for method in methods],
            )
        if any(codes):
            sys.exit("some trainings did not end; the same command goes on with them")
    columns = {method: over_seeds(of_method, args.metric) for method, of_method in runs.items()}
    known = {method: published(comparison, method) if args.metric == "return" else {} for method in methods}
    print(table(columns, known))
    if args.plot:
        draw(columns, known, args.plot)


if __name__ == "__main__":
    main()
