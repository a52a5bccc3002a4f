"""Times an update of coral against the textbook's (benchmarks/textbook.py), next to the machine's own peak.

python benchmarks/update.py --size paper --repeats 10
python benchmarks/update.py --policy imagination --precision fp32

All of them take turns in one run. Prints a Markdown table, or with --json one document: medians, how wide the middle
half of the repeats is, counted operations, utilisation of the peak of matrix products at that precision, and how many
times as fast as the textbook in fp32, which is as its file has it. The textbook in bf16 is the same under autocast.
On the CPU the textbook has a process of its own, without coral's settings of threads and memory. On a GPU coral is
timed twice, step by step and captured.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Any

from coral_cli.sessions.process import prepare

prepare()  # before torch

import torch  # noqa: E402
from agents import ACTIONS, PROPRIO, Subject, subject  # noqa: E402
from apart import Apart, textbook  # noqa: E402
from textbook import Sizes  # noqa: E402

from coral_cli.assembly.assembly import Assembly  # noqa: E402
from coral_cli.assembly.shorthands import SIZES  # noqa: E402
from coral_cli.measuring.flops import Flops, counted  # noqa: E402
from coral_cli.measuring.machine import measured_on  # noqa: E402
from coral_cli.measuring.peak import measure_peak  # noqa: E402
from coral_cli.measuring.timing import Timing, interleaved  # noqa: E402
from coral_cli.sessions.device import choose_device  # noqa: E402

WARM_UP = {"cpu": 2, "cuda": 6}
METHODS = {"p-coral": "cpc", "v-coral": "cv", "recon-same": "recon"}
"""The textbook's image loss for each method that it has."""
DEFAULTS = {"sac": ["p-coral", "recon-same"], "imagination": ["v-coral"]}
"""The methods that are timed with each policy that the textbook has, unless others are asked for."""
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Result:
    """One contestant: seconds, operations, and what they come to."""

    method: str
    name: str
    precision: str
    timing: Timing
    gflop: float
    utilisation: float
    times_faster: float


def sizes_of(assembly: Assembly) -> Sizes:
    """The textbook's sizes for an assembly of a method that it has."""
    choices = {slot: choice.options for slot, choice in assembly.choices.items()}
    rssm, policy = choices["rssm"], choices["policy"]
    return Sizes(
        proprio=PROPRIO,
        actions=ACTIONS,
        depth=choices["image-encoder"]["depth"],
        vector_hidden=choices["proprio-encoder"]["hidden"],
        vector_layers=choices["proprio-encoder"]["layers"],
        hidden=rssm["hidden"],
        layers=rssm["layers"],
        h=rssm["gru"],
        z=rssm["latent"],
        loss_hidden=choices["image-loss"]["hidden"],
        reward_hidden=assembly.settings.head_hidden,
        reward_layers=assembly.settings.head_layers,
        policy_hidden=policy["hidden"],
        policy_layers=policy["layers"],
    )


def coral(method: str, size: str, precision: str, device: torch.device, policy: str = "sac") -> Subject:
    return subject({"method": method, "size": size, "precision": precision, "policy": policy}, device)


def compared(
    method: str,
    size: str,
    precisions: Sequence[str],
    repeats: int,
    peaks: dict[str, float],
    device: torch.device,
    policy: str = "sac",
) -> list[Result]:
    """All contestants of a method, in turn. The textbook in fp32 is always among them, for all are compared with it."""
    calls: dict[tuple[str, str], Callable[[], object]] = {}
    flops: dict[tuple[str, str], Flops] = {}
    with ExitStack() as open_until_then:
        for precision in dict.fromkeys(("fp32", *precisions)):
            assembled = coral(method, size, precision, device, policy)
            settings = assembled.assembly.settings
            book = (sizes_of(assembled.assembly), METHODS[method], precision)
            shape = (settings.batch_size, settings.batch_length, policy)
            here = textbook(*book, *shape, str(device))
            flops["textbook", precision] = counted(here)
            flops["coral", precision] = counted(assembled.update_step_by_step)
            if device.type == "cuda":
                calls["textbook", precision] = here
                calls["coral, step by step", precision] = assembled.update_step_by_step
                flops["coral, step by step", precision] = flops["coral", precision]
            else:
                calls["textbook", precision] = open_until_then.enter_context(closing(Apart(*book, *shape)))
            calls["coral", precision] = assembled.update
        named = {" ".join(key): call for key, call in calls.items()}
        timings = interleaved(named, repeats, device, WARM_UP[device.type])
    yardstick = timings["textbook fp32"].median
    results = []
    for name, precision in calls:
        timing, counts = timings[f"{name} {precision}"], flops[name, precision]
        used = counts.utilisation(timing.median, peaks[precision])
        results.append(Result(method, name, precision, timing, counts.total / 1e9, used, yardstick / timing.median))
    return results


def table(results: Sequence[Result]) -> str:
    """Markdown."""
    lines = ["| method | update of | precision | ms, median | middle half | GFLOP | utilisation | times as fast |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for result in results:
        cells = [result.method, result.name, result.precision, f"{1e3 * result.timing.median:.4g}"]
        cells += [f"{result.timing.spread:.0%}", f"{result.gflop:.1f}", f"{result.utilisation:.0%}"]
        lines.append("| " + " | ".join([*cells, f"{result.times_faster:.2f}"]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="paper")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--policy", choices=list(DEFAULTS), default="sac")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="default: those of the results' pages")
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()

    device = choose_device(args.device)
    measured = {precision: measure_peak(precision, device) for precision in dict.fromkeys(("fp32", *args.precision))}
    peaks = {precision: peak.gemm for precision, peak in measured.items()}
    methods = args.methods or DEFAULTS[args.policy]
    how = (args.size, args.precision, args.repeats, peaks, device, args.policy)
    results = [result for method in methods for result in compared(method, *how)]
    machine = measured_on(device)
    if args.json:
        peak: dict[str, Any] = {name: asdict(value) for name, value in measured.items()}
        print(json.dumps({"machine": machine, "peak": peak, "results": [asdict(r) for r in results]}, indent=2))
        return
    print(table(results))
    settings = coral(methods[0], args.size, "fp32", device, args.policy).assembly.settings
    print(f"\n{machine['gpu'] or machine['cpu']}, {machine['cpus']} cores, {machine['threads']} threads,", end=" ")
    print(f"torch {machine['torch']}; size {args.size},", end=" ")
    print(f"batch {settings.batch_size} x {settings.batch_length}; {args.repeats} repeats.")
    for precision, found in measured.items():
        print(
            f"Peak {precision}: {found.gemm / 1e9:.0f} GFLOP/s matrix products, {found.convolution / 1e9:.0f}", end=" "
        )
        print("convolutions.")


if __name__ == "__main__":
    main()
