"""The action repeat: how many environment steps, whose rewards are summed, one action of the agent lasts.

An environment repeats its actions itself and says how often (``action_repeat``); those of coral do so in
``simulated_task.py`` and ``foreign/adapter.py``. Budgets and curves count environment steps.
"""

from __future__ import annotations

import gymnasium


def action_repeat(env: gymnasium.Env) -> int:
    """Return the environment steps of an action; 1 where the environment does not say."""
    return int(env.get_wrapper_attr("action_repeat")) if env.has_wrapper_attr("action_repeat") else 1
