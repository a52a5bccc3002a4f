from __future__ import annotations

import pytest

from coral_cli.display.estimates import around, hurry, span

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 9, "a few seconds"),
        (-5, 12, "up to 12 seconds"),
        (14.4, 26.6, "14 to 27 seconds"),
        (45, 113, "45 to 110 seconds"),
        (45, 121, "45 seconds to 2 minutes"),
        (61, 89 * MINUTE, "1 to 89 minutes"),
        (0.4, 1.6 * HOUR, "up to 96 minutes"),
        (2 * HOUR, 4.04 * HOUR, "2 to 4 hours"),
        (1.94 * HOUR, 3.6 * HOUR, "1.9 to 3.6 hours"),
        (2.96 * HOUR, 3.04 * HOUR, "3 hours"),
        (40 * MINUTE, 2 * HOUR, "40 minutes to 2 hours"),
        (15.4 * DAY, 28.6 * DAY, "15 to 29 days"),
        (100 * DAY, 123 * DAY, "100 to 120 days"),
        (0.9 * DAY, 3 * DAY, "22 hours to 3 days"),
    ],
)
def test_spans(low, high, text):
    assert span((low, high)) == text


def test_a_guess_is_sure_to_thirty_percent_and_more_the_less_is_left():
    assert around([100.0]) == pytest.approx((70.0, 130.0))
    assert around([100.0, 300.0, 200.0]) == pytest.approx((70.0, 390.0))
    assert around([100.0], unknown=0.5) == pytest.approx((85.0, 115.0))
    assert around([100.0], unknown=0.0) == (100.0, 100.0)


def test_an_estimate_says_what_slowed_it_down():
    assert hurry("") == ""
    assert hurry("load 9 on 2") == "; this machine is busy (load 9 on 2): alone, it would take less"
