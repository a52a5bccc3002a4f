"""What the user says about waiting threads stands."""

import pytest

from coral_cli.sessions.threads import spin_briefly


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
