"""An environment that is known from a recording: its name says all, and it cannot be made."""

from __future__ import annotations

import pytest

from coral_cli import builtin
from coral_cli.environments.recording import name_of_recording, recording
from coral_cli.plugin import Rendering
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.version import CORE

KINDS = {"front": "image", "state": "vector", "deep_1": "depth"}


@pytest.mark.parametrize("rewarded", [True, False])
def test_its_name_says_which_sensors_there_are(rewarded):
    name = name_of_recording(KINDS, rewarded)
    record = recording(name)
    assert record is not None and record.name == name
    assert dict(record.sensors) == KINDS and record.rewarded == rewarded
    catalog = Catalog([], find=builtin.find)
    assert catalog.locate("environment", name, CORE, "0.0").record == record


def test_what_it_is_called():
    assert name_of_recording({"eye": "image"}) == "recording(eye=image)"
    assert name_of_recording({"eye": "image", "x": "vector"}, False) == "recording(eye=image,x=vector,no-rewards)"


@pytest.mark.parametrize("name", ["recording()", "recording(eye)", "recording(a=image,)", "recording(a.b=image)", "x"])
def test_other_names_are_none(name):
    assert recording(name) is None


def test_it_cannot_be_played():
    record = recording("recording(eye=image)")
    for use in (record.require, lambda: record.build(record.options, Rendering())):
        with pytest.raises(UsageError, match="known from a recording alone"):
            use()
