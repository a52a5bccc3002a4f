"""What the paper compares: which methods, on which tasks, before which distraction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from coral_cli.report.published import table

WHAT = {
    "standard": "Images as they are.",
    "video": "Films behind the scene; here procedural ones, as its own are not part of coral.",
    "occlusion": "Disks that hide parts of the image.",
    "locomotion": "Legged bodies that have to see what is in their way.",
}
"""The paper's settings in a sentence each, in its order."""
DISTRACTIONS = {"video": "procedural", "occlusion": "disks"}
"""What stands for a setting's distraction."""
POLICIES = {"sac": "", "imagination": "-imagination"}
"""The paper's policies, and how they end the name of a comparison."""


@dataclass(frozen=True)
class Comparison:
    """Methods on tasks, of which the paper has returns up to ``steps``; ``flags`` hold for all of them."""

    name: str
    summary: str
    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    flags: Mapping[str, str]
    steps: int


@cache
def comparisons() -> Mapping[str, Comparison]:
    """Return the paper's comparisons by name: those of which there are published values."""
    found = {}
    for policy, ending in POLICIES.items():
        for setting, summary in WHAT.items():
            curves = {key: values for key, values in table().items() if key[:2] == (setting, policy)}
            if not curves:
                continue
            flags = {"policy": policy} if ending else {}
            flags |= {"distraction": DISTRACTIONS[setting]} if setting in DISTRACTIONS else {}
            found[setting + ending] = Comparison(
                setting + ending,
                summary,
                tuple(dict.fromkeys(task for _, _, task, _ in curves)),
                tuple(dict.fromkeys(method for _, _, _, method in curves)),
                flags,
                max(max(values) for values in curves.values()),
            )
    return found
