"""Draws the same state with every renderer that works here: how far are the pictures apart, and what do they cost?

python benchmarks/renderers.py cartpole-swingup cheetah-run box-push --out docs/images/renderers.png

Prints a Markdown table: the mean absolute difference to the first renderer in grey levels (0 to 255), and milliseconds
per frame (the fastest of several rounds). Writes one sheet with a row a task and a column a renderer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from timeit import repeat

import numpy as np
from PIL import Image

from coral_cli.environments.rendering.backend import BACKENDS, probe, settings

TASKS = ("cartpole-swingup", "ball-in-cup-catch", "cheetah-run", "walker-walk", "reacher-easy", "quadruped-walk")
TASKS += ("finger-spin", "ant-walls", "hurdle-walker-run", "box-push")
STEPS = 20
SCALE = 3  # of the sheet


def measure(backend: str, tasks: list[str], size: int, quality: str, path: Path) -> None:
    """Writes each task's image and milliseconds per frame. Runs in a process of its own, which knows one OpenGL."""
    from coral_cli.environments.records import ENVIRONMENTS
    from coral_cli.plugin import Rendering

    records = {record.name: record for record in ENVIRONMENTS}
    results = {}
    for task in tasks:
        env = records[task].build(records[task].options, Rendering(size, size, quality, backend))
        env.reset(seed=0)
        for _ in range(STEPS):
            env.step(0.5 * env.action_space.high)
        scene = env.unwrapped.scene
        results[f"{task} image"] = scene.agent(scene.data)
        rounds = repeat(lambda: scene.agent(scene.data), number=10, repeat=8)  # noqa: B023 (called here)
        results[f"{task} ms"] = min(rounds) / 10 * 1e3
        env.close()
    np.savez(path, **results)


def measured(backend: str, tasks: list[str], size: int, quality: str) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results.npz")
        command = [sys.executable, __file__, *tasks, "--child", backend, "--size", str(size), "--quality", quality]
        subprocess.run([*command, "--out", path], env={**os.environ, **settings(backend)}, check=True)
        return dict(np.load(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--quality", choices=["fast", "smooth", "paper"], default="fast")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--child", choices=BACKENDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure(args.child, args.tasks, args.size, args.quality, args.out)
        return

    results = {b: measured(b, args.tasks, args.size, args.quality) for b in BACKENDS if probe(b) is None}
    first, *others = results
    print(f"| task ({args.size}x{args.size}, {args.quality}) |", *(f"{b}: ms a frame |" for b in results), end="")
    print("", *(f"{b} - {first} |" for b in others))
    print("|---|" + "---|" * (len(results) + len(others)))
    for task in args.tasks:
        images = {b: results[b][f"{task} image"].astype(float) for b in results}
        cells = [f"{results[b][f'{task} ms']:.2f}" for b in results]
        cells += [f"{np.abs(images[b] - images[first]).mean():.1f}" for b in others]
        print(f"| {task} | " + " | ".join(cells) + " |")
    rows = [np.hstack([results[b][f"{task} image"] for b in results]) for task in args.tasks]
    sheet = np.kron(np.vstack(rows), np.ones((SCALE, SCALE, 1), np.uint8))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
