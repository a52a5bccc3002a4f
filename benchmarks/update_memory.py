"""Measures how much memory an update needs at most, in this process, which does nothing else.

python benchmarks/update_memory.py --method p-coral
python benchmarks/update_memory.py --method v-coral --policy imagination

Prints megabytes that the process holds: with all that is imported, with an agent and a batch, at the peak of each of
the first updates (memory that is freed stays with the process, so these grow until all fits), and at the end of each
part of the first one: where it grows. Linux only: the system keeps the peak, VmHWM, told to begin anew before each.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from coral_cli.sessions.process import prepare

prepare()  # before torch

import torch  # noqa: E402
from agents import subject  # noqa: E402

from coral_cli.assembly.shorthands import SIZES  # noqa: E402
from coral_cli.representation.span import LISTENERS  # noqa: E402

SELF = Path("/proc/self")


def megabytes(name: str) -> float:
    """What the system says of this process: VmRSS now, VmHWM at the peak, of these RssFile in files' pages."""
    lines = dict(line.split(":", 1) for line in (SELF / "status").read_text().splitlines())
    return int(lines[name].split()[0]) * 1024 / 1e6


def begin_anew() -> None:
    """Let the peak be what is held now."""
    (SELF / "clear_refs").write_text("5")


class Parts:
    """The peak in each part of an update, by name; where the system keeps one peak for all, nothing."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}

    def __call__(self, name: str, begins: bool) -> None:
        if begins:
            begin_anew()
        else:
            self.peaks[name] = megabytes("VmHWM")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="p-coral")
    parser.add_argument("--policy", default="sac")
    parser.add_argument("--size", choices=list(SIZES), default="paper")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--updates", type=int, default=4)
    args = parser.parse_args()

    print(f"imports                  {megabytes('VmRSS'):7.0f} MB, {megabytes('RssFile'):.0f} of them files' pages")
    flags = {"method": args.method, "policy": args.policy, "size": args.size, "precision": args.precision}
    made = subject(flags, torch.device("cpu"))
    learning = [made.agent.representation, made.agent.policy]
    weights = sum(p.numel() * p.element_size() for part in learning for p in part.parameters()) / 1e6
    print(f"with an agent and a batch {megabytes('VmRSS'):6.0f} MB, {weights:.0f} of them weights")
    for number in range(1, args.updates + 1):
        parts = Parts()
        with suppress(OSError):
            begin_anew()
            if number == 1:
                LISTENERS.append(parts)
        made.update()
        LISTENERS.clear()
        print(f"update {number}                 {max([megabytes('VmHWM'), *parts.peaks.values()]):7.0f} MB", flush=True)
        for name, peak in parts.peaks.items():
            print(f"  {name:22} {peak:7.0f} MB")


if __name__ == "__main__":
    main()
