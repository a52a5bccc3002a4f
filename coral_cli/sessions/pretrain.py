"""``coral pretrain``: a representation learned from a dataset."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import plugin_flags
from coral_cli.parallel.followers import Followers
from coral_cli.registry.errors import UsageError
from coral_cli.registry.events import Listener
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.records import Sensor
from coral_cli.runs.dataset import Dataset, open_dataset
from coral_cli.sessions.beginning import about, begin, name_of
from coral_cli.sessions.building import trainee_of
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.parallel import in_step
from coral_cli.sessions.preparing import prepared
from coral_cli.sessions.requests import PretrainRequest
from coral_cli.sessions.supervision import After, nothing_to_do
from coral_cli.training.pretrainer import Pretrainer, PretrainSchedule
from coral_cli.training.replay import Replay

AFTER = After(done="use it with: coral train --init-from {run}", go_on="coral pretrain --resume {run}")


def pretrain(request: PretrainRequest, display: Listener) -> int:
    """Train until the budget is used up or an interruption comes; return the exit code."""
    return in_step(request.assembly, request.catalog, lambda followers: _lead(request, display, followers))


def _lead(request: PretrainRequest, display: Listener, followers: Followers) -> int:
    assembly, settings, plan = request.assembly, request.assembly.settings, _schedule(request)
    with begin(request, f"pretrain-{name_of(assembly)}", "updates", plan.updates) as begun, ExitStack() as stack:
        if plan.over(begun.progress):
            return nothing_to_do(display, begun.progress, "updates")
        dataset = open_dataset(request.data)
        dataset.require_rows()
        torch.manual_seed(settings.seed)
        assembler, sensors = Assembler(assembly, request.catalog), _sensors(request, dataset)
        trainee = trainee_of(request, assembler, sensors, dataset.action_size, choose_device(settings.device))
        replay = begun.load(trainee, _about(request, followers), dataset.transitions)
        fill(replay, dataset, sensors)
        drawn = {"renderer": dataset.metadata["renderer"]}
        run = stack.enter_context(prepared(begun, trainee, replay, plan, followers, display, **drawn, pretrained=True))
        pretrainer = Pretrainer(run.updates, plan, run.supervision)
        run.begin(pretrainer, env=as_written(dataset.path), unit="updates", budget=plan.updates, **drawn)
        return run.carry_out(pretrainer, replace(AFTER, flags=plugin_flags(assembly)))


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
        "updates": request.updates,
        "checkpoint_every": request.checkpoint_every,
    }


def _sensors(request: PretrainRequest, dataset: Dataset) -> dict[str, Sensor]:
    """Return the sensors in use, at the size to train on. Raises UsageError where the dataset's images are smaller."""
    settings = request.assembly.settings
    margin, recorded = settings.crop_margin or 0, dataset.metadata.get("crop_margin") or 0
    sensors = {}
    for name in request.assembly.sensors:
        sensor = dataset.sensors.get(name)
        if sensor is None:
            raise UsageError(f"{dataset.path} has no sensor {name!r}.", f"It has: {', '.join(dataset.sensors)}.")
        if sensor.spatial:
            whole = zip(sensor.shape, settings.image_shape, strict=False)
            height, width = (min(side - recorded, image) + margin for side, image in whole)  # some cameras draw less
            if sensor.shape[0] < height or sensor.shape[1] < width:
                raise UsageError(
                    f"{name} in {dataset.path} is {sensor.shape[0]}x{sensor.shape[1]}, but {height}x{width} is needed.",
                    "Add --crop-margin 0, or record it anew with a margin.",
                )
            sensor = Sensor(name, sensor.kind, (height, width, sensor.shape[2]))
        sensors[name] = sensor
    return sensors


def fill(replay: Replay, dataset: Dataset, sensors: dict[str, Sensor]) -> None:
    """Add the episodes that the replay does not hold yet, images cropped at the centre, zero where one is missing."""
    columns = [list(dataset.sensors).index(name) for name in sensors]
    for episode in itertools.islice(dataset.episodes(), replay.next_serial, None):
        arrays = {name: episode[name] for name in ("action", "reward", "terminated")}
        arrays["missing"] = episode["missing"][:, columns]
        for (name, sensor), missing in zip(sensors.items(), arrays["missing"].T, strict=True):
            arrays[name] = _centre(episode[name], sensor)
            arrays[name][missing] = 0
        replay.add(arrays)
    replay.flush()


def _centre(values: NDArray[Any], sensor: Sensor) -> NDArray[np.generic]:
    if not sensor.spatial:
        return values
    height, width, _ = sensor.shape
    top, left = (values.shape[1] - height) // 2, (values.shape[2] - width) // 2
    return values[:, top : top + height, left : left + width]
