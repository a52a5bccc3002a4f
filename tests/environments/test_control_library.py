"""Whether dm_control fits what lies beside it."""

import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from coral_cli.environments import control_library
from coral_cli.environments.control_library import (
    FITTING,
    fits,
    fitting,
    install_command,
    obstacle,
    require_dm_control,
    require_quadruped,
)
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.registry.errors import AbsentError, UsageError

BEST = [
    ("3.3.0", "1.0.28"), ("3.3.1", "1.0.28"), ("3.3.2", "1.0.30"), ("3.3.5", "1.0.31"), ("3.3.7", "1.0.34"),
    ("3.8.0", "1.0.40"), ("3.8.1", "1.0.41"), ("3.9.0", "1.0.39"), ("3.10.0", "1.0.43"), ("3.11.0", "1.0.44"),
    ("3.16.0", "1.0.49"), ("3.17.0", "1.0.50"), ("3.17.1", "1.0.50"), ("3.18.0", "1.0.50"),
]  # fmt: skip
"""The newest dm-control with which suite, ant and Jaco arm were made; beyond 3.17 nothing is known."""

ALSO = [("3.3.2", "1.0.28"), ("3.4.0", "1.0.34"), ("3.9.0", "1.0.38"), ("3.14.0", "1.0.44"), ("3.17.0", "1.0.48")]
"""Older ones that were tried as well."""


@pytest.mark.parametrize(("mujoco", "control"), BEST)
def test_pairs_that_were_tried(mujoco, control):
    assert fitting(mujoco) == control
    assert obstacle(mujoco, control, "2.3.5") is None
    here = shlex.quote(sys.executable)
    assert install_command(mujoco, (3, 12)) == f"{here} -m pip install dm-control=={control}"
    assert install_command(mujoco, (3, 13)) == f"{here} -m pip install --no-deps dm-control=={control}"


@pytest.mark.parametrize(("mujoco", "control"), ALSO)
def test_other_pairs_that_were_tried(mujoco, control):
    assert obstacle(mujoco, control, "2.3.5") is None


@pytest.mark.parametrize(
    ("mujoco", "control", "numpy", "reason", "command"),
    [
        ("3.17.0", None, "2.4.6", "dm-control is not installed", "dm-control==1.0.50"),
        ("3.3.7", "1.0.28", "2.3.5", "dm-control 1.0.28 does not work with mujoco 3.3.7", "dm-control==1.0.34"),
        ("3.16.0", "1.0.50", "2.4.6", "dm-control 1.0.50 does not work with mujoco 3.16.0", "dm-control==1.0.49"),
        ("3.9.0", "1.0.41", "2.4.6", "dm-control 1.0.41 does not work with mujoco 3.9.0", "dm-control==1.0.39"),
        ("3.17.0", "1.0.27", "2.3.5", "dm-control 1.0.27 does not work with mujoco 3.17.0", "dm-control==1.0.50"),
        ("3.2.7", "1.0.50", "2.3.5", "mujoco 3.2.7 is too old", "pip install 'mujoco>=3.3'"),
        ("3.11.0", "1.0.43", "2.4.6", "dm-control 1.0.43 does not work with mujoco 3.11.0", "dm-control==1.0.44"),
        ("3.16.0", "1.0.47", "2.4.6", "dm-control 1.0.47 does not work with mujoco 3.16.0", "dm-control==1.0.49"),
        (
            "3.3.7",
            "1.0.34",
            "2.4.0",
            "dm-control 1.0.34 does not work with numpy 2.4.0 in this task",
            "pip install 'numpy<2.4'",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_what_mends_it(mujoco, control, numpy, reason, command):
    found = obstacle(mujoco, control, numpy)
    assert found.reason == reason and found.command.endswith(command)


def test_releases_of_later_days_are_given_a_try():
    assert obstacle("3.18.0", "1.0.51", "2.5.0") is obstacle("3.18.0", "1.0.50", "2.5.0") is None
    assert obstacle("3.18.0", "1.0.49", "2.5.0") is not None


def test_numpy_matters_to_the_quadruped_alone(monkeypatch):
    have(monkeypatch, "3.3.7", "1.0.34", "2.4.0")
    require_dm_control()
    with pytest.raises(UsageError, match=r"dm-control 1\.0\.34 does not work with numpy 2\.4\.0"):
        require_quadruped()


def test_what_dm_control_needs_is_named_where_it_is_not_there(monkeypatch):
    have(monkeypatch, "3.17.0", "1.0.50", "2.4.0")
    monkeypatch.setattr(control_library, "find_spec", lambda name: None if name in ("tree", "lxml") else name)
    with pytest.raises(UsageError, match="dm-control lacks dm-tree, lxml") as caught:
        require_dm_control()
    assert caught.value.hint.endswith("pip install dm-tree lxml")


def test_each_task_asks_for_what_it_needs():
    asked = {record.name: record.require for record in ENVIRONMENTS}
    assert asked["cheetah-run"] is asked["ant-walls"] is require_dm_control
    assert asked["quadruped-walk"] is asked["quadruped-escape"] is require_quadruped
    asked["box-push"]()


def test_nothing_is_missing_here():
    require_dm_control()
    require_quadruped()


@pytest.mark.parametrize(("control", "error"), [(None, AbsentError), ("1.0.28", UsageError)])
def test_an_environment_says_so_before_it_is_built(control, error, monkeypatch):
    have(monkeypatch, "3.17.0", control, "2.4.6")
    with pytest.raises(error, match=r"^dm-control (is not installed|1\.0\.28 does not work .*)\.$") as caught:
        require_dm_control()
    assert type(caught.value) is error and caught.value.hint.endswith("dm-control==1.0.50")


def have(monkeypatch, mujoco, control, numpy):
    """Pretends that these versions are installed."""

    def version(name):
        found = {"mujoco": mujoco, "dm-control": control, "numpy": numpy}[name]
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    absent = metadata.PackageNotFoundError
    monkeypatch.setattr(control_library, "metadata", SimpleNamespace(version=version, PackageNotFoundError=absent))
    monkeypatch.setattr(control_library, "require_versions", control_library.require_versions.__wrapped__)


def test_the_manual_says_the_same():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "environments.md").read_text()
    table = page.split("| MuJoCo |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    assert len(rows) == 19
    for versions, newest, others in rows:
        for version in re.findall(r"[\d.]+", versions):
            assert newest.split()[0] == fitting(version)
            older = [control for control, first, last in FITTING[1:] if fits(version, first, last)]
            older = [control for control in older if control != fitting(version)]
            assert re.findall(r"[\d.]+", others) in (older[::-1], [older[-1], older[0]] if older else []), version


@pytest.mark.slow
def test_the_rest_needs_no_dm_control():
    """In a process that cannot import it, as on a new Python without it."""
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'dm_control': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from coral_cli.app import main\n"
        "tiny = '--size tiny --env.action cartesian --random-episodes 1 --renderer raycast --dry-run'.split()\n"
        "sys.exit(main(['train', *tiny]) or main(['envs', 'show', 'gym:Pendulum-v1']) or main(['envs']))\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    assert "actions       1, each 1 environment steps" in outcome.stdout
