"""What a user reads when a checkpoint needs a plugin that is not active."""

from __future__ import annotations

import pytest

from coral_cli import builtin
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import PluginError

from .strangers import FINE, HERE


def test_a_disabled_one_is_named_where_it_is_needed(install, monkeypatch) -> None:
    install("pack-a", FINE)
    monkeypatch.setenv("CORAL_DISABLE_PLUGINS", "pack-a")
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "fine", "pack-a", "1.0")
    assert caught.value.message == "loss 'fine' needs pack-a, which is disabled."
    assert caught.value.hint == "Change CORAL_PLUGINS or CORAL_DISABLE_PLUGINS."


@pytest.mark.parametrize(
    ("source", "requires", "message"),
    [
        ("import nowhere_at_all", [], "which is broken: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            FINE,
            ["coral-rl>=9"],
            f"which is incompatible: it is made for coral-rl>=9, and this is {HERE}",
        ),
    ],
)
def test_a_checkpoint_that_needs_one_that_is_not_active_says_why(source, requires, message, install) -> None:
    install("pack-a", source, requires=requires)
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "fine", "pack-a", "1.0")
    assert caught.value.message == f"loss 'fine' needs pack-a, {message}"


def test_a_checkpoint_that_needs_what_a_newer_version_dropped_says_so(install) -> None:
    install("pack-a", FINE, version="2.0")
    with pytest.raises(PluginError) as caught:
        discover(builtin).locate("loss", "old", "pack-a", "1.0")
    message = "loss 'old' comes from pack-a 1.0; installed is pack-a 2.0, which does not offer it."
    assert caught.value.message == message
