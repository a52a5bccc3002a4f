"""``coral runs rename``."""

from __future__ import annotations

import json

import pytest


def test_a_run_is_renamed_in_its_folder(study, coral, tmp_path) -> None:
    outcome = coral("runs", "rename", "deep/p", "q")
    assert (outcome.code, outcome.out) == (0, "runs/deep/p is now runs/deep/q\n")
    assert (tmp_path / "runs/deep/q/run.json").exists()
    assert json.loads(coral("runs", "rename", "deep/q", "r", "--json").out) == {
        "from": "runs/deep/q",
        "path": "runs/deep/r",
    }


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "-x", ".hidden", "a\x1bb", "seed10", "a" * 300])
def test_what_is_no_new_name(name, study, coral, tmp_path) -> None:
    outcome = coral("runs", "rename", "--", "seed9", name)
    assert outcome.code == 2 and (tmp_path / "runs/seed9").exists()
