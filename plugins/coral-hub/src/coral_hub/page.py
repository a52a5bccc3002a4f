"""The page of an agent on a hub: a model card in Markdown, from the agent's own card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = """---
library_name: coral
pipeline_tag: reinforcement-learning
tags:
- reinforcement-learning
- robotics
- coral
---
"""


def page(card: Mapping[str, Any], repository: str) -> str:
    """Return the page: what the agent does and came to, what it sees, how it was trained and how to use it."""
    return "\n".join(
        [
            HEAD,
            f"# {_cell(card['task'])}",
            "",
            f"An agent trained with coral {_cell(card['coral'])}: one latent state for all of its sensors.",
            "",
            *_table(("score", "mean", "standard error"), _scores(card["scores"])),
            *_table(("sensor", "kind", "shape", "missing at times in training"), _sensors(card["sensors"])),
            "Use it:",
            "",
            "```sh",
            f"pip install coral-rl coral-hub && coral hub pull {repository} agent && coral eval agent",
            "```",
            "",
            "`coral hub pull --programs` also brings its programs for torch and ONNX Runtime, which need no coral.",
            "",
            "Trained with:",
            "",
            *(f"    {line}" for line in str(card["command"]).splitlines()),
            "",
        ]
    )


def _scores(scores: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = [name.removesuffix("/mean") for name in scores if name.endswith("/mean")]
    return [(name, _number(scores[f"{name}/mean"]), _number(scores.get(f"{name}/stderr"))) for name in names]


def _sensors(sensors: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, about["kind"], "x".join(map(str, about["shape"])), "yes" if about.get("missing_in_training") else "no")
        for name, about in sensors.items()
    ]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows] if rows else []
    return [*(f"| {' | '.join(map(_cell, line))} |" for line in lines), ""]


def _cell(text: object) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "-"
