"""What the user says about threads and memory stands."""

import ctypes
import os
import subprocess
import sys

import pytest

from coral_cli.environments.rendering.libraries import load_triton
from coral_cli.sessions.process import SPINS, hold_memory, spin_briefly


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"GOMP_SPINCOUNT": "5000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
    ],
)
def test_spinning_is_brief_unless_asked_otherwise(environ, expected):
    spin_briefly(environ)
    assert environ == expected


@pytest.mark.parametrize(
    ("environ", "pages", "calls"),
    [
        ({}, "1", [(-4, 0), (-1, 2**31 - 1)]),
        ({"THP_MEM_ALLOC_ENABLE": "0"}, "0", [(-4, 0), (-1, 2**31 - 1)]),
        ({"MALLOC_TRIM_THRESHOLD_": "1"}, "1", []),
    ],
)
def test_freed_memory_is_kept_unless_asked_otherwise(environ, pages, calls, monkeypatch):
    told = []

    class Library:
        mallopt = staticmethod(lambda *setting: told.append(setting))

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library)
    hold_memory(environ)
    assert environ["THP_MEM_ALLOC_ENABLE"] == pages and told == calls


def test_where_the_system_has_no_such_setting_nothing_happens(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    hold_memory({})


def test_triton_is_loaded_where_it_is_installed_and_not_missed_where_it_is_not(tmp_path, monkeypatch):
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", loaded.append)
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    monkeypatch.setattr("sys.path", [])
    load_triton.__wrapped__()
    assert loaded == []
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    load_triton.__wrapped__()
    assert loaded == [str(tmp_path / "triton" / "_C" / "libtriton.so")]


@pytest.mark.slow
def test_an_optimiser_can_be_made_after_a_picture():
    """In a fresh process; with Triton and Mesa installed it crashed."""
    code = """
from coral_cli.environments.rendering.backend import select_backend
backend = select_backend()
import mujoco
from coral_cli.environments.rendering import make_renderer
make_renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), 32, 32, "fast", backend)
from coral_cli.sessions.process import prepare
prepare()
import torch
torch.optim.Adam([torch.zeros(1, requires_grad=True)])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=250)


def test_a_plugin_that_imports_torch_comes_after_the_settings(tmp_path):
    """torch reads them once, when it is imported."""
    plugin, told = tmp_path / "early.py", tmp_path / "told"
    plugin.write_text(
        "import os, pathlib\n"
        f"pathlib.Path({str(told)!r}).write_text(os.environ['GOMP_SPINCOUNT'] + os.environ['THP_MEM_ALLOC_ENABLE'])\n"
    )
    environ = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    words = [sys.executable, "-m", "coral_cli", "methods", "--plugin", str(plugin)]
    subprocess.run(words, env=environ, check=True, capture_output=True)
    assert told.read_text() == f"{SPINS}1"
