"""Which names are foreign environments, and where they are found."""

import pickle
import sys

import pytest

from coral_cli.environments.foreign.making import make_foreign
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.registry.errors import UsageError

from .made import TINY, build


def test_a_name_without_a_colon_is_not_foreign():
    assert resolve_foreign("box-push") is None


def test_an_id_of_gymnasium_is_a_record(without_pygame):
    record = resolve_foreign("gym:Pendulum-v1")
    assert (record.name, record.suite, record.action_size, record.terminates) == (
        "gym:Pendulum-v1",
        "gymnasium",
        1,
        True,
    )
    assert record.sensors == {"proprio": "vector"}
    why, mends = record.no_image
    assert "pygame" in why and mends == 'python -m pip install "gymnasium[classic_control]"'
    elsewhere = pickle.loads(pickle.dumps(record))  # as in a worker
    assert list(elsewhere.build(elsewhere.options, TINY).observation_space) == ["proprio"]


def test_an_id_that_importing_a_module_registers(registering):
    with pytest.raises(UsageError, match="Gymnasium has no environment"):
        resolve_foreign("gym:Registered-v0")
    record = resolve_foreign("gym:foreign_registering:Registered-v0")
    assert (record.name, record.suite) == ("gym:foreign_registering:Registered-v0", "gymnasium")
    assert record.summary == "Gymnasium: foreign_registering:Registered-v0."
    assert build(record.name).reset(seed=0)[0].keys() == {"proprio"}


def test_a_module_beside_the_user_is_found(tmp_path, monkeypatch):
    (tmp_path / "my_env.py").write_text("from foreign_toys import make_blind\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert resolve_foreign("my_env:make_blind").sensors == {"proprio": "vector"}


def test_a_maker_that_passes_all_on_is_asked_for_pictures_once_its_environment_tells_of_them(toys):
    toys.made.clear()
    assert make_foreign("foreign_toys:make_passing_on").render_mode == "rgb_array"
    assert [env.closed for env in toys.made] == [1, 0]
    assert make_foreign("foreign_toys:make_passing_on?render_mode=human").render_mode == "human"
    assert len(toys.made) == 3  # what a user asks for is left alone
