"""How long the shell waits: for help, and for what completes a command line.

python benchmarks/startup.py

Prints processor seconds: best and median. Python with the libraries of the command line is the least that it could be.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys

CORAL = ("-m", "coral_cli")
CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "python": (("-c", ""), ""),
    "its libraries": (("-c", "import typer.main, rich.console, pluggy"), ""),
    "coral --help": ((*CORAL, "--help"), ""),
    "coral train --help": ((*CORAL, "train", "--help"), ""),
    "coral <tab>": (CORAL, "coral "),
    "coral train --image-loss.<tab>": (CORAL, "coral train --image-loss cpc --image-loss."),
}
"""Arguments of Python, and the line to complete."""


def seconds(args: tuple[str, ...], line: str) -> float:
    """Of processor time, which is what a person waits on an idle machine."""
    environ = {"_CORAL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *args], env={**os.environ, **(environ if line else {})}, stdout=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = range(parser.parse_args().repeats)
    rounds = [{name: seconds(*case) for name, case in CASES.items()} for _ in repeats]  # interleaved, for noise
    for name in CASES:
        times = [one[name] for one in rounds]
        print(f"{name:<32} {min(times):.3f}  {statistics.median(times):.3f}")


if __name__ == "__main__":
    main()
