"""Makes and closes environments over and over: do their contexts and models leave memory behind?

python benchmarks/memory.py cartpole-swingup --count 1000 --renderer egl

Prints the megabytes that the process holds, every tenth of the way. Linux only.
"""

from __future__ import annotations

import argparse
import gc
import resource
from pathlib import Path

from coral_cli.environments.rendering.backend import BACKENDS, select_backend


def resident() -> float:
    """Megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", nargs="?", default="cartpole-swingup")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--renderer", choices=["auto", *BACKENDS], default="auto")
    args = parser.parse_args()
    backend = select_backend(args.renderer)

    from coral_cli.environments.records import ENVIRONMENTS
    from coral_cli.plugin import Rendering

    record = next(record for record in ENVIRONMENTS if record.name == args.task)
    for index in range(args.count):
        env = record.build(record.options, Rendering(backend=backend))
        env.reset(seed=index)
        env.step(env.action_space.high)
        env.render()
        env.close()
        if (index + 1) % max(args.count // 10, 1) == 0 or index == 0:
            gc.collect()  # dm_control's objects refer to each other in circles
            print(f"{backend}: {index + 1} environments, {resident():.1f} MB", flush=True)


if __name__ == "__main__":
    main()
