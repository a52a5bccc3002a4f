"""``coral export``: a saved agent becomes a folder that other programs can use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from coral_cli.assembly.resolve import command_line
from coral_cli.exporting.agreement import CLOSE, STEPS, largest_difference, require_same, run_onnx, run_torch
from coral_cli.exporting.card import interface
from coral_cli.exporting.examples import EXAMPLES as SCRIPTS
from coral_cli.exporting.places import last_names, nameless, without_places
from coral_cli.exporting.policy_step import Form, PolicyStep
from coral_cli.exporting.programs import require_onnx, traced, write_onnx, write_torch
from coral_cli.registry.errors import AbsentError
from coral_cli.registry.options import Json
from coral_cli.runs.checkpoint import load, save_weights
from coral_cli.runs.directory import PACKAGED, RunDirectory
from coral_cli.runs.files import filling, replacing, writing
from coral_cli.runs.history import history
from coral_cli.runs.package import CARD, EXAMPLES, FORMAT, ONNX, TORCH, Package, described
from coral_cli.sessions.loaded import gaps_of, loaded
from coral_cli.sessions.requests import ExportRequest
from coral_cli.sessions.saved import Saved, no_policy, open_saved
from coral_cli.training.agent import Agent
from coral_cli.version import __version__


@dataclass(frozen=True)
class Exported:
    """What was written: the folder, the bytes of each file, and each program's largest difference from the agent."""

    out: Path
    files: Mapping[str, int]
    differences: Mapping[str, float]
    note: str = ""


def export(request: ExportRequest) -> Exported:
    """Write the folder, all of it or nothing.

    Raises UsageError for a folder that is not empty or a representation without a policy, AbsentError where packages of
    ONNX are asked for and missing, UnreadableError, PluginError, and CoralError for what cannot become a program.
    """
    if request.form == "onnx":
        require_onnx()
    saved = open_saved(request.checkpoint, request.catalog, plays=False)
    if saved.pretrained:
        raise no_policy(request.checkpoint, "be exported", ", and export that run")
    with filling(request.out) as folder:
        agent = saved.agent(torch.device("cpu"))
        save_weights(folder / PACKAGED, without_places(saved.metadata), agent.weights())
        form, programs, note = _programs(request, saved, agent, folder)
        gaps = gaps_of(saved)
        card = {
            "format": FORMAT,
            "coral": __version__,
            "torch": str(torch.__version__),
            **_origin(saved),
        }
        card |= interface(form, agent, gaps, request.explore) | {"programs": programs}
        card["files"] = {path.name: described(path) for path in sorted(folder.iterdir())}
        with replacing(folder / CARD) as unfinished:
            unfinished.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    differences = {name: about["largest_difference"] for name, about in programs.items()}
    return Exported(request.out, {name: about["bytes"] for name, about in card["files"].items()}, differences, note)


def _programs(
    request: ExportRequest, saved: Saved, agent: Agent, folder: Path
) -> tuple[Form, dict[str, dict[str, Json]], str]:
    """Write the programs that were asked for, and hold each to the agent; say what is missing for one.

    Without any, nothing is looked at that only a program needs: its form has sensors alone.
    """
    wanted, note = {"all": (TORCH, ONNX), "torch": (TORCH,), "onnx": (ONNX,), "weights": ()}[request.form], ""
    if not wanted:
        return Form(saved.sensors, {}, {}), {}, ""
    if request.form == "all":
        try:
            require_onnx()
        except AbsentError as absent:
            wanted, note = (TORCH,), f"{absent.message} hint: {absent.hint}"
    step = PolicyStep(agent, saved.sensors, request.explore)
    program, batch = traced(step)
    act = partial(loaded(saved, torch.device("cpu")).act, explore=request.explore)
    found = {}
    for name in wanted:
        path = folder / name
        if name == TORCH:
            write_torch(program, path)
            difference = largest_difference(act, run_torch(path), step.form)
        else:
            write_onnx(program, step.form, path)
            difference = largest_difference(act, run_onnx(path, step.form), step.form)
        require_same(difference, name)
        with writing(folder / EXAMPLES[name]):
            (folder / EXAMPLES[name]).write_text(SCRIPTS[name], encoding="utf-8")
        found[name] = {"batch": batch, "steps_compared": STEPS, "largest_difference": difference, "allowed": CLOSE}
    return step.form, found, note


def _origin(saved: Saved) -> dict[str, Json]:
    """Return where an agent comes from: its task, the command that trained it, and what it came to."""
    task = saved.assembly.choices["env"]
    known = _known(saved)
    repeat = task.options.get("action_repeat")
    return {
        "task": last_names(task.component),
        "command": nameless(known.get("command") or command_line(saved.assembly, saved.catalog)),
        "run": known.get("run"),
        "steps": known.get("steps"),
        "actions_per_second": saved.metadata.get("actions_per_second"),
        "action_repeat": repeat if isinstance(repeat, int) else None,
        "scores": known.get("scores", {}),
    }


def _known(saved: Saved) -> dict[str, Json]:
    """Return what the run of a checkpoint, or the card beside exported weights, tells of an agent."""
    if saved.path.name == PACKAGED:
        return dict(Package.open(saved.path.parent).card) if saved.path.with_name(CARD).is_file() else {}
    steps = load(saved.path)[1].get("progress", {}).get("steps")
    run = RunDirectory(saved.path.parent.parent)
    if not run.metadata.is_file():
        return {"steps": steps}
    scores: dict[str, Json] = {}
    for event in history(run.metrics):
        if event.kind == "evaluation" and (steps is None or event.step <= steps):
            scores = {"step": event.step, **event.values}
    return {"command": run.read_metadata().get("command"), "run": run.path.name, "steps": steps, "scores": scores}
