"""The card of an exported agent: all that somebody needs to know who has the files alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from coral_cli.exporting.policy_step import Form, dtype_of, input_names, output_names
from coral_cli.registry.options import Json
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.batch import FAR
from coral_cli.training.agent import Agent


def interface(form: Form, agent: Agent, gaps: Collection[str], explore: bool) -> dict[str, Json]:
    """Return what goes in and comes out of a step, as the card says it; shapes are without the batch's axis."""
    return {
        "sensors": {name: _sensor(sensor, agent, name in gaps) for name, sensor in form.sensors.items()},
        "action": {
            "shape": [agent.action_size],
            "dtype": "float32",
            "low": -1.0,
            "high": 1.0,
            "kind": "sample" if explore else "mean",
        },
        "state": {name: [size] for name, size in form.state.items()},
        "noise": {name: {"shape": list(draw.shape), "kind": draw.kind} for name, draw in form.noise.items()},
        "inputs": input_names(form),
        "outputs": output_names(form),
    }


def _sensor(sensor: Sensor, agent: Agent, missing: bool) -> dict[str, Json]:
    """Return what is to be given of one sensor. All scaling is done inside the program, and said here to be known."""
    about = {key: value for key, value in asdict(sensor).items() if key != "name"} | {"shape": list(sensor.shape)}
    seen = list(agent.sensors[sensor.name].shape)
    return {
        **about,
        "dtype": str(dtype_of(sensor)).removeprefix("torch."),
        "cropped_to": seen if seen != about["shape"] else None,
        "scaled_inside": _scaling(sensor, agent),
        "missing_in_training": missing,
    }


def _scaling(sensor: Sensor, agent: Agent) -> Mapping[str, Any] | None:
    if sensor.name in agent.unencoded:
        return None
    if sensor.kind == "image":
        return {"minus": 127.5, "over": 255.0}
    if sensor.kind == "depth":
        return {"minus": FAR / 2, "over": FAR, "cut_at": FAR}
    buffers = dict(agent.representation.named_buffers())
    mean, std = (buffers[f"normalization.{sensor.name}_{part}"].tolist() for part in ("mean", "std"))
    return {"minus": mean, "over": std}
