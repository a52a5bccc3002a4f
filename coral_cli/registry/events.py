"""Run events: what the trainer tells displays, metrics files and observers.

An event is read-only data. ``values`` is flat and JSON-safe; its keys per kind are listed below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

EventKind = Literal["start", "episode", "update", "evaluation", "film", "checkpoint", "note", "warning", "end"]
"""
start       name, out (the run directory), env (with its variant, such as action=torque), seed, device, renderer,
            budget (environment steps, or what "unit" says, such as "updates"), resumed (bool), replay_bytes,
            command (the full command line); "updates_per_env_step", those that an environment step brings; pending;
            "flag/NAME", every flag with its value: components, options, settings
episode     episode (count so far), return, length (policy steps), random (bool), the environment's "metrics/NAME";
            pending (updates that are due before the next episode, here and in "start" and "update")
update      updates (count so far), pending; means since the last update event: "loss/total", "loss/SENSOR",
            "loss/reward", "loss/kl", "policy/NAME", "gradient/NAME", "metric/SENSOR/NAME"; "share/NAME", each term's
            share of the gradient's norm at the encoders' outputs; "weight/NAME", weights that move; rates:
            "updates_per_s" now, "env_steps_per_s" since the start of this process; shares of the wall-clock time:
            "seconds/collect", "seconds/sample", "seconds/learn", "seconds/evaluate"; "memory_mb"
evaluation  episodes, "return/mean", "return/stderr" (the standard error; None of one episode alone), "length/mean",
            "success/mean" and other "NAME/mean", "NAME/stderr"
film        path (an mp4 of the evaluation's first episode, as the agent's cameras saw it) and picture (a PNG: frames of
            it, a row for each camera), both seen from the run's directory; cameras, in their order; return
checkpoint  path
note        message
warning     message; "remarks", a list of sentences, where the message only counts what there is to say
end         status ("done" | "interrupted" | "failed"), seconds, best_return (or None), message
"""


@dataclass(frozen=True)
class Event:
    """Something that happened at ``step`` (environment steps so far), ``seconds`` of training time after the start."""

    kind: EventKind
    step: int
    seconds: float
    values: Mapping[str, Any]
    time: str | None = None
    """When it happened, in UTC: ``2026-01-02T03:04:05.678+00:00`` (ISO 8601). None where nobody has noted it."""


Listener: TypeAlias = Callable[[Event], None]
