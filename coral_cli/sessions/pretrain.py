"""``coral pretrain``: a representation learned from a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.of_data import of_index, scalings
from coral_cli.assembly.resolve import plugin_flags
from coral_cli.environments.fitting import fitted
from coral_cli.measuring.timing import interleaved
from coral_cli.parallel.followers import Followers
from coral_cli.registry.errors import UsageError
from coral_cli.registry.events import Listener
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.sensors import Fit, Sensor
from coral_cli.runs.dataset import Dataset, open_dataset
from coral_cli.runs.dataset_check import Look, in_words, look_over, refuse
from coral_cli.runs.dataset_rules import Finding
from coral_cli.runs.picture_size import Scaling
from coral_cli.sessions.beginning import about, begin, name_of
from coral_cli.sessions.building import trainee_of
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.parallel import in_step
from coral_cli.sessions.preparing import prepared
from coral_cli.sessions.rehearsal import costs, estimate
from coral_cli.sessions.requests import PretrainRequest
from coral_cli.sessions.supervision import After, nothing_to_do
from coral_cli.training.pretrainer import Pretrainer, PretrainSchedule
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates

FEW = 4
"""The episodes on which a rehearsal learns."""
AFTER = After(done="use it with: coral train --init-from {run}", go_on="coral pretrain --resume {run}")


def pretrain(request: PretrainRequest, display: Listener) -> int:
    """Train until the budget is used up or an interruption comes; return the exit code."""
    return in_step(request.assembly, request.catalog, lambda followers: _lead(request, display, followers))


def _lead(request: PretrainRequest, display: Listener, followers: Followers) -> int:
    assembly, settings, plan = request.assembly, request.assembly.settings, _schedule(request)
    name = f"pretrain-{name_of(assembly, request.data.name)}"
    with begin(request, name, "updates", plan.updates) as begun, ExitStack() as stack:
        if plan.over(begun.progress):
            return nothing_to_do(display, begun.progress, "updates")
        dataset = open_dataset(request.data).renamed(request.rename)
        found = _looked_over(request, dataset)
        torch.manual_seed(settings.seed)
        assembler, sensors = Assembler(assembly, request.catalog), _sensors(request, dataset)
        trainee = trainee_of(request, assembler, sensors, dataset.action_size, choose_device(settings.device))
        replay = begun.load(trainee, _about(request, followers), dataset.transitions)
        found += fill(replay, dataset, sensors, scalings(dataset, settings, assembly.sensors), request.fit)
        drawn = {"renderer": dataset.metadata.get("renderer", "auto")}
        run = stack.enter_context(prepared(begun, trainee, replay, plan, followers, display, **drawn, pretrained=True))
        pretrainer = Pretrainer(run.updates, plan, run.supervision)
        run.begin(pretrainer, env=as_written(dataset.path), unit="updates", budget=plan.updates, **drawn)
        told = (f"{in_words(one, dataset)}. {one.hint}" for one in found)
        return run.carry_out(pretrainer, replace(AFTER, flags=plugin_flags(assembly)), *told)


def dry_run(request: PretrainRequest) -> dict[str, Any]:
    """Build everything, do two updates on a few episodes, and report as one document; write nothing.

    All episodes are looked over as in training, but for pictures, of which the few alone are read.
    """
    settings, plan = request.assembly.settings, _schedule(request)
    dataset = open_dataset(request.data).renamed(request.rename)
    found = _looked_over(request, dataset)
    torch.manual_seed(settings.seed)
    assembler, sensors = Assembler(request.assembly, request.catalog), _sensors(request, dataset)
    trainee = trainee_of(request, assembler, sensors, dataset.action_size, choose_device(settings.device))
    few = replace(dataset, metadata={**dataset.metadata, "episodes": dataset.metadata["episodes"][:FEW]})
    replay = Replay(sensors, few.action_size, few.transitions)
    found += fill(replay, few, sensors, scalings(few, settings, request.assembly.sensors), request.fit)
    updates = Updates(trainee.learner, replay, plan)
    updates.fit_normalization()
    seconds = interleaved({"update": updates.do}, 1, trainee.agent.device)["update"].median
    return {
        "command": request.command,
        **request.assembly.to_json(),
        **costs(trainee, dataset.transitions),
        "told": [f"{in_words(one, dataset)}. {one.hint}" for one in found],
        "update_ms": 1e3 * seconds,
        **estimate(seconds * request.updates),
    }


def _schedule(request: PretrainRequest) -> PretrainSchedule:
    settings = request.assembly.settings
    return PretrainSchedule(
        settings.seed,
        settings.batch_size,
        settings.batch_length,
        settings.crop_margin or 0,
        request.updates,
        request.checkpoint_every,
    )


def _about(request: PretrainRequest, followers: Followers) -> dict[str, Json]:
    return about(request.assembly, request.command, followers.processes) | {
        "data": str(request.data),
        "rename": [f"{old}={new}" for old, new in request.rename.items()],
        "fit": request.fit,
        "updates": request.updates,
        "checkpoint_every": request.checkpoint_every,
    }


def _sensors(request: PretrainRequest, dataset: Dataset) -> dict[str, Sensor]:
    """Return the sensors in use, at the size to train on. Raises UsageError where the dataset's images are smaller."""
    sensors = {}
    sizes = scalings(dataset, request.assembly.settings, request.assembly.sensors)
    for name in request.assembly.sensors:
        sensor = dataset.sensors.get(name)
        if sensor is None:
            raise UsageError(f"{dataset.path} has no sensor {name!r}.", f"It has: {', '.join(dataset.sensors)}.")
        if sensor.spatial:
            height, width = sizes[name].target
            if sensor.shape[0] < height or sensor.shape[1] < width:
                size = f"{height}" if height == width else f"{height},{width}"
                anew = (
                    f"import it anew with --size {size}"
                    if "source" in dataset.metadata
                    else "record it anew with a margin"
                )
                had = f"{sensor.shape[0]}x{sensor.shape[1]}"
                raise UsageError(
                    f"{name} in {dataset.path} is {had}, but {height}x{width} is needed.",
                    f"Add --crop-margin 0, or a smaller --image-size, or {anew}.",
                )
            sensor = Sensor(name, sensor.kind, (height, width, sensor.shape[2]))
        sensors[name] = sensor
    return sensors


def _looked_over(request: PretrainRequest, dataset: Dataset) -> list[Finding]:
    """Return what is to be told of the index and the numbers of all episodes. Raises UnreadableError as ``refuse``."""
    used, settings = request.assembly.sensors, request.assembly.settings
    found = [*of_index(dataset, request.catalog, settings, used, request.fit), *look_over(dataset, used, "numbers")]
    new = request.resume is None  # what an older coral began goes on, where its files can be read
    refuse([one for one in found if new or one.kind == "unreadable"], dataset)
    return found


def fill(
    replay: Replay, dataset: Dataset, sensors: Mapping[str, Sensor], sizes: Mapping[str, Scaling], fit: Fit
) -> list[Finding]:
    """Add the episodes that the replay does not hold yet, pictures as ``sizes`` say, zero where one is missing.

    Returns what is to be told of the pictures. Raises UnreadableError as ``refuse`` does.
    """
    columns = [list(dataset.sensors).index(name) for name in sensors]
    leave = [name for name in dataset.sensors if name not in sensors]
    look = Look(dataset, [name for name, sensor in sensors.items() if sensor.spatial], "pictures")
    for number in range(replay.next_serial, len(dataset.metadata["episodes"])):
        episode = dataset.read(number, leave)
        look.at(episode)
        refuse(list(look.findings()), dataset)
        rows = len(episode["action"])
        arrays: dict[str, NDArray[Any]] = {"reward": np.zeros(rows, np.float32)}
        arrays |= {name: episode[name] for name in ("action", "reward", "terminated") if name in episode}
        arrays["missing"] = episode["missing"][:, columns].astype(bool)
        for (name, _), missing in zip(sensors.items(), arrays["missing"].T, strict=True):
            arrays[name] = _sized(episode[name], sizes[name], fit) if name in sizes else episode[name]
            arrays[name][missing] = 0
        replay.add(arrays)
    replay.flush()
    return list(look.findings())


def _sized(values: NDArray[Any], size: Scaling, fit: Fit) -> NDArray[Any]:
    """Return pictures (T, H, W, C) as they are trained on: the middle of them, scaled."""
    height, width = size.view
    top, left = (values.shape[1] - height) // 2, (values.shape[2] - width) // 2
    return fitted(values[:, top : top + height, left : left + width], size.target, fit)
