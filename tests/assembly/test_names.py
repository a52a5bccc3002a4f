"""The names of methods and sizes that recorded flags stand for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.names import Names
from coral_cli.assembly.resolve import flags_of, resolve
from coral_cli.assembly.sizes import size_of
from coral_cli.registry.catalog import Catalog


@pytest.mark.parametrize("method", ["v-coral", "cv-image", "proprio-sac"])
@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_a_method_and_a_size_are_known_again(method, size, toy_catalog):
    """Also where a sensor's name has an underscore, and with other seeds, whose size is remembered."""
    names = Names(toy_catalog)
    for seed in (0, 1):
        assembly = resolve({"env": "maze", "method": method, "size": size, "seed": seed}, toy_catalog)
        flags = flags_of(assembly, toy_catalog)
        named = names.with_method(flags)
        assert named["method"] == method
        sized = names.with_size(named, assembly.to_json())
        assert (sized["size"], sized["seed"], "batch-size" in sized) == (size, seed, False)
    other = resolve({"env": "maze", "method": method, "size": size, "batch-size": 7}, toy_catalog)
    assert names.with_size(flags_of(other, toy_catalog), other.to_json()) is None


def test_in_an_environment_that_is_not_installed_nothing_is_guessed(toy_catalog):
    flags = {"env": "gone", "objective": "variational"}
    assert Names(toy_catalog).with_method(flags) == flags


def test_listed_looks_nothing_up(toy_catalog):
    def find(kind, name):
        raise AssertionError(f"{name} is looked up")

    assembly = resolve({"env": "maze"}, toy_catalog).to_json()
    assembly["choices"]["env"] |= {"component": "gym:Pendulum-v1"}
    names = Names(Catalog(toy_catalog, find=find), listed=True)
    assert names.with_size({"env": "gym:Pendulum-v1"}, assembly) is None


def test_an_assembly_of_other_sensors_than_its_own_has_no_named_size(toy_catalog):
    assembly = resolve({"env": "maze", "size": "tiny"}, toy_catalog)
    other = Assembly(assembly.choices, replace(assembly.settings, sensors=("lidar_scan",)))
    assert size_of(other, toy_catalog) is None
