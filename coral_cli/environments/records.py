"""The built-in environments. Importing this imports neither mujoco nor dm_control."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.environments.control_library import require_dm_control, require_quadruped
from coral_cli.environments.control_tasks import TASKS, ControlOptions, published_options
from coral_cli.environments.locomotion.records import LOCOMOTION
from coral_cli.plugin import Environment, Rendering

if TYPE_CHECKING:
    import gymnasium


def _box_push(options: BoxPushOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.box_push.environment import BoxPush

    return BoxPush(options, rendering)


def _control_suite(
    domain: str, task: str, options: ControlOptions, rendering: Rendering
) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.control_suite import control_task

    return control_task(domain, task, options, rendering)


def _control_record(domain: str, task: str) -> Environment:
    return Environment(
        f"{domain}-{task}".replace("_", "-").lower(),
        f"Control Suite: {domain.replace('_', ' ')}, {task.replace('_', ' ')}.",
        partial(_control_suite, domain, task),
        published_options(domain, task),
        terminates=domain == "lqr",
        suite="control",
        require=require_quadruped if domain == "quadruped" else require_dm_control,
        action_size=TASKS[domain][task],
    )


PUSHING = {
    "objective.free-nats": 3.0,
    "rssm.gru": 400,
    "rssm.latent": 128,
    "rssm.hidden": 512,
    "{vector}-encoder.hidden": 512,
    "{vector}-encoder.layers": 4,
    "{vector}-loss.hidden": 512,
    "{vector}-loss.layers": 4,
    "{vector}-loss.variance": 0.04,
    "policy.layers": 2,
    "policy.discount": 0.97,
    "policy.target-decay": 0.98,
    "policy.entropy-form": "exponential",
    "policy.critic-norm": True,
    "reward-weight": 10.0,
    "model-lr": 1e-3,
    "lr-drops": [380_000],
    "batch-length": 25,
    "random-episodes": 20,
    "updates-per-step": 0.4,
    "crop-margin": 6,
    # the colour rule would take the wall of the tray that shows its yaw
    "distraction.video.mask": "segmentation",
    "distraction.procedural.mask": "segmentation",
}
"""The paper's sizes for manipulation, and with actions held for four steps what was found to learn."""

ENVIRONMENTS: tuple[Environment, ...] = (
    Environment(
        "box-push",
        "A 7-joint arm pushes a tray to a target position and yaw.",
        _box_push,
        BoxPushOptions(),
        sensors={"image": "image", "wrist": "image", "proprio": "vector"},
        terminates=False,
        defaults=PUSHING,
        suite="manipulation",
        action_size=2,
    ),
    *LOCOMOTION,
    *(
        _control_record(domain, task)
        for domain, tasks in TASKS.items()
        for task in tasks
        if (domain, task) != ("quadruped", "escape")  # a locomotion task
    ),
)
