"""The order of the site's pages. A page that is not listed fails the build."""

from collections.abc import Mapping

NAVIGATION = {
    "README": {
        "Tutorial": ["/docs/tutorial/first-run"],
        "How to": [
            "/docs/how-to/choose-losses",
            "/docs/how-to/distract",
            "/docs/how-to/compare-conditions",
            "/docs/how-to/bring-your-environment",
            "/docs/how-to/other-simulators",
            "/docs/how-to/use-recordings",
            "/docs/how-to/pretrain-and-transfer",
            "/docs/how-to/sweep",
            "/docs/how-to/study",
            "/docs/how-to/many-runs",
            "/docs/how-to/report",
            "/docs/how-to/ray",
            "/docs/how-to/slurm",
            "/docs/how-to/train-on-several-gpus",
            "/docs/how-to/use-a-trained-agent",
            "/docs/how-to/export",
            "/docs/how-to/look-inside",
        ],
        "Explanation": ["/docs/explanation/method", "/docs/explanation/differences"],
        "Reference": [
            "/docs/reference/command-line",
            "/docs/reference/commands",
            "/docs/reference/environments",
            "/docs/reference/distractions",
            "/docs/reference/weights",
            "/docs/reference/datasets",
            "/docs/reference/python",
        ],
        "Plugins": ["Write your own </docs/plugins/README>", "Ready to use </plugins/README>"],
        "Results": ["All in a table </docs/results/README>", "Notebooks </docs/log/README>"],
        "Project": ["/docs/decisions/README", "/CHANGELOG", "/CONTRIBUTING", "/SECURITY", "/RELEASING"],
    },
    "docs/plugins/README": {
        "": [
            "/docs/plugins/your-first-loss",
            "/docs/plugins/loss",
            "/docs/plugins/encoder",
            "/docs/plugins/rssm",
            "/docs/plugins/environment",
            "/docs/plugins/distraction",
            "/docs/plugins/policy",
            "/docs/plugins/objective",
            "/docs/plugins/observer",
            "/docs/plugins/engine",
            "/docs/plugins/reader",
            "/docs/plugins/command-and-check",
            "/docs/plugins/options",
            "/docs/plugins/tensors",
            "/docs/plugins/hooks",
            "/docs/plugins/testing",
            "/docs/plugins/publishing",
            "/docs/plugins/compatibility",
            "/docs/plugins/security",
        ]
    },
    "plugins/README": {"": ["/plugins/*/README"]},
    "docs/results/README": {
        "": [
            "/docs/results/on-a-gpu",
            "/docs/results/cartpole-swingup",
            "/docs/results/ball-in-cup",
            "/docs/results/two-cores",
            "/docs/results/fusion",
            "/docs/results/distractions",
            "/docs/results/open-questions",
            "/docs/results/recordings",
            "/docs/results/box-push",
            "/docs/results/speed",
        ]
    },
    "docs/log/README": {
        "": [
            "/docs/log/box-push",
            "/docs/log/cartpole-swingup",
            "/docs/log/two-cores",
            "/docs/log/on-a-gpu",
            "/docs/log/distractions",
            "/docs/log/speed",
        ]
    },
    "docs/decisions/README": {
        "": [
            "/docs/decisions/no-configuration-files",
            "/docs/decisions/slot-options",
            "/docs/decisions/registry-of-records",
            "/docs/decisions/vectorised-stepping",
            "/docs/decisions/checkpoint-format",
            "/docs/decisions/ray-caster",
            "/docs/decisions/gradients-by-hand",
            "/docs/decisions/documentation-site",
        ]
    },
}
"""The pages listed below each page, by caption, which may be empty."""


def toctrees(listed: Mapping[str, list[str]]) -> str:
    """Return the pages as hidden ``toctree`` directives of MyST, with one caption each."""
    return "".join(_toctree(caption, pages) for caption, pages in listed.items())


def _toctree(caption: str, pages: list[str]) -> str:
    options = ":hidden:\n:glob:\n" + (f":caption: {caption}\n" if caption else "")
    return f"\n```{{toctree}}\n{options}\n" + "".join(f"{page}\n" for page in pages) + "```\n"
