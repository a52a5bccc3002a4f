"""What the user says about threads and memory stands."""

import ctypes

import pytest

from coral_cli.sessions.process import hold_memory, spin_briefly


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"GOMP_SPINCOUNT": "3000"}),
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
