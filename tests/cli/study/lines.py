"""Lines of ``coral study``, and runs of what they ask for."""

from __future__ import annotations

import json

from coral_cli.app import main
from coral_cli.study.plan import Plan, write_plan
from coral_cli.study.requests import SweepRequest

LINE = "loss-by-distraction --distraction none --distraction disks --image-loss cv --image-loss cpc --out there"
TRANSFERS = "transfer --source body --init-parts encoders --way slow --way fine-tuned --seeds 1 --out there"


def study(line: str) -> int:
    return main(["study", *line.split()])


def finish(
    request: SweepRequest, name: str, curve: dict[int, float], status: str = "done", seconds: float = 60
) -> None:
    """Write what the run ``name`` of a sweep leaves."""
    run = next(run for run in request.runs if run.name == name)
    place = request.folder / name
    place.mkdir(parents=True)
    (place / "run.json").write_text(json.dumps({"assembly": run.assembly.to_json()}))
    learning = {"seconds/learn": 0.5, "updates_per_s": 100 / seconds, "memory_mb": 10 * seconds}
    events = [("update", 1, learning), *(("evaluation", step, {"return/mean": value}) for step, value in curve.items())]
    events += [("end", run.steps, {"status": status})]
    lines = [json.dumps({"kind": k, "step": s, "seconds": seconds, "values": v}) + "\n" for k, s, v in events]
    (place / "metrics.jsonl").write_text("".join(lines))


def write_plan_of(request: SweepRequest) -> None:
    request.folder.mkdir(parents=True)
    write_plan(request.folder, Plan(tuple(run.planned for run in request.runs)))
