"""What is said where a package's code fails beside a MuJoCo that is too new for it."""

import sys
import types
from importlib.metadata import version

import pytest

from coral_cli.environments.foreign import versions
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.environments.foreign.versions import Fitting
from coral_cli.registry.errors import UsageError

CODE = """
def fails():
    assert False

def resets():
    import foreign_toys
    env = foreign_toys.Drawing("rgb_array")
    env.reset = lambda **_: fails()
    return env
"""


@pytest.fixture
def package(monkeypatch):
    """A module that fails, of a package that is installed for sure."""
    module = types.ModuleType("fetching")
    exec(CODE, module.__dict__)
    monkeypatch.setitem(sys.modules, "fetching", module)
    return "fetching"


@pytest.mark.parametrize("name", ["fetching:fails", "fetching:resets"])
def test_an_older_mujoco_is_named(name, package, monkeypatch):
    monkeypatch.setitem(versions.FITTING, package, Fitting("numpy", "3.2.7", "1.0.9"))
    with pytest.raises(
        UsageError, match=r"works with MuJoCo up to 3\.2\.7, and .* is installed \(AssertionError"
    ) as caught:
        resolve_foreign(name)
    assert version("numpy") in caught.value.message and version("mujoco") in caught.value.message
    assert caught.value.hint == "python -m pip install mujoco==3.2.7 dm-control==1.0.9"


@pytest.mark.parametrize("fitting", [Fitting("numpy", "99.0.0", "1"), Fitting("no-such-package", "3.2.7", "1")])
def test_nothing_is_said_where_versions_fit_or_nobody_knows(fitting, package, monkeypatch):
    monkeypatch.setitem(versions.FITTING, package, fitting)
    with pytest.raises(UsageError) as caught:
        resolve_foreign("fetching:fails")
    assert "MuJoCo" not in caught.value.message
