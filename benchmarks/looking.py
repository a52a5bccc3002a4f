"""What it costs to look at runs: ``coral runs`` and ``coral report`` of many, ``coral watch`` beside one that goes on.

python benchmarks/looking.py

Makes the runs in a temporary folder, without training any. Prints seconds: of the clock and of a processor.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from coral_cli import builtin
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.events import Event
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import to_line

TASKS = ("cartpole-swingup", "ball-in-cup-catch", "cheetah-run", "box-push")
METHODS = ("v-coral", "p-coral", "cv-image", "recon-same")
SIZES = ("tiny", "small", "paper")
STATUSES = ("done", "done", "done", "interrupted", "failed", None)
"""How the runs end, in turn; None is a process that was killed."""
BUDGET = 100_000
LOSSES = ("total", "image", "proprio", "reward", "kl")


def update(number: int, step: int) -> Event:
    """Make an update's event, as long as those of real runs."""
    losses = {f"loss/{name}": 1.2345678901234567 + number for name in LOSSES}
    shares = {f"share/{name}": 0.2345678901234567 for name in LOSSES}
    policy = {f"policy/{name}": 16.51038169860844 for name in ("critic_loss", "actor_loss", "entropy", "value")}
    pace = {"updates_per_s": 4.123456789012345, "env_steps_per_s": 81.23456789012345, "memory_mb": 1675.485184}
    values = {"updates": 50 * number, "pending": 0, **losses, **shares, **policy, **pace}
    return Event("update", step, step / 80, values, datetime.now(UTC).isoformat(timespec="milliseconds"))


def start(name: str) -> Event:
    """Make the event with which a run starts."""
    about = {"name": name, "env": TASKS[0], "seed": 0, "device": "cpu", "renderer": "egl", "budget": BUDGET}
    return Event("start", 0, 0.0, {**about, "resumed": False, "out": f"runs/{name}"})


def events(name: str, updates: int, status: str | None) -> Iterator[Event]:
    """Tell of a run: an evaluation for every sixteen updates, and an episode between any two."""
    yield start(name)
    done = updates if status == "done" else updates // 2
    for number in range(done):
        step = BUDGET * (number + 1) // updates
        yield Event("episode", step, step / 80, {"episode": number + 1, "return": float(number), "length": 250})
        yield update(number, step)
        if number % 16 == 15:
            values = {"episodes": 20, "return/mean": float(number), "return/stderr": 3.5, "length/mean": 250.0}
            yield Event("evaluation", step, step / 80, values)
    if status:
        yield Event("end", BUDGET, BUDGET / 80, {"status": status, "seconds": 1250.0, "best_return": float(done)})


def make(folder: Path, runs: int, updates: int, catalog: Catalog) -> None:
    """Make runs, each with its metadata, metrics and a checkpoint."""
    for number in range(runs):
        task, method = TASKS[number % 4], METHODS[number // 4 % 4]
        flags = {"env": task, "method": method, "size": SIZES[number // 16 % 3], "seed": number, "steps": BUDGET}
        run = RunDirectory.create(folder / f"{task}-{method}-seed{number}", "")
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run.write_metadata({"assembly": resolve(flags, catalog).to_json(), "coral": "0.1.0", "started": started})
        lines = [to_line(event) for event in events(run.path.name, updates, STATUSES[number % len(STATUSES)])]
        run.metrics.write_text("\n".join(lines) + "\n")
        run.latest.write_bytes(b"\0" * 4096)


def coral(*words: str) -> list[str]:
    """Return the command line of the program."""
    return [sys.executable, "-m", "coral_cli", *words]


def processor(children: Callable[[], None]) -> float:
    """Return the processor seconds of the processes that a function starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    children()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_command(title: str, repeats: int, *words: str) -> float:
    """Print how long a command takes, into a pipe, and its memory; return its seconds of a processor."""
    clock, used, memory = [], [], []
    for _ in range(repeats):
        began = time.perf_counter()
        process = subprocess.Popen(coral(*words), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"coral {' '.join(words)} ended with {process.returncode}")
        clock.append(time.perf_counter() - began)
        used.append(usage.ru_utime + usage.ru_stime)
        memory.append(usage.ru_maxrss / 1e3)  # Linux counts kilobytes
    print(f"{title:<26} {min(clock):.2f} s, {min(used):.2f} s of a processor, {min(memory):.0f} MB")
    return min(used)


def time_report(folder: Path, runs: int, repeats: int) -> None:
    """Print how long a report of so many runs takes, what each of them adds to one, and how long a page."""
    some = sorted(folder.glob("*/"))[:runs]
    one = time_command("coral report, 1 run", repeats, "report", str(some[0]))
    used = time_command(f"coral report, {len(some)} runs", repeats, "report", *map(str, some))
    print(f"  {1000 * (used - one) / max(len(some) - 1, 1):.1f} ms for each run more")
    page = ("--out", str(folder.parent / "page.html"))
    time_command("  with --out page.html", repeats, "report", *map(str, some), *page)


@contextmanager
def growing(run: RunDirectory, each: float) -> Iterator[None]:
    """Let a run be in training, and tell of an update every so many seconds."""
    over = threading.Event()

    def write() -> None:
        number = 1
        while not over.wait(each):
            with run.metrics.open("a") as file:
                file.write(to_line(update(number, min(BUDGET, 10 * number))) + "\n")
            number += 1

    thread = threading.Thread(target=write)
    with run.held():
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def watch(run: RunDirectory, seconds: float) -> float:
    """Return the processor seconds of ``coral watch`` on a terminal, for so long."""
    master, terminal = pty.openpty()
    threading.Thread(target=lambda: [None for _ in iter(lambda: _read(master), b"")], daemon=True).start()
    process = subprocess.Popen(coral("watch", str(run.path)), stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    time.sleep(seconds)
    process.terminate()
    return processor(lambda: process.wait() and None)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def time_watch(folder: Path, seconds: float) -> None:
    """Print what following takes of a core: what a longer look takes more than a shorter one."""
    run = RunDirectory.create(folder / "growing", "")
    run.write_metadata({"assembly": resolve({"env": TASKS[0]}, discover(builtin)).to_json(), "coral": "0.1.0"})
    run.metrics.write_text(to_line(start("growing")) + "\n")
    with growing(run, each=1.0):
        short, long = watch(run, 10), watch(run, 10 + seconds)
    print(f"coral watch: {(long - short) / seconds:.1%} of a core, an update every second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=400, help="updates that the metrics of a run tell of")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reported", type=int, default=300, help="runs of a report")
    parser.add_argument("--seconds", type=float, default=30, help="to watch for")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "runs"
        folder.mkdir()
        make(folder, given.runs, given.updates, discover(builtin))
        taken = sum(path.stat().st_size for path in folder.glob("*/metrics.jsonl"))
        print(f"{given.runs} runs, {taken / 1e6:.0f} MB of metrics")
        time_command("coral runs", given.repeats, "runs", str(folder))
        time_command("coral runs --json", given.repeats, "runs", str(folder), "--json")
        time_report(folder, given.reported, given.repeats)
        time_watch(folder, given.seconds)


if __name__ == "__main__":
    main()
