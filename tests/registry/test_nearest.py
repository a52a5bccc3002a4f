"""What somebody may have meant."""

import pytest

from coral_cli.registry.nearest import meant, nearest, one_of

KNOWN = ("recon", "cv", "cpc")


@pytest.mark.parametrize(("name", "near"), [("recn", "recon"), ("cpx", "cpc"), ("wholly different", None), ("", None)])
def test_the_nearest_name_or_none(name, near):
    assert nearest(name, KNOWN) == near


def test_a_hint_has_the_name_in_its_form_or_says_something_else():
    assert meant("recn", KNOWN, "There are three.") == "Did you mean recon?"
    assert meant("recn", KNOWN, "There are three.", "--{}") == "Did you mean --recon?"
    assert meant("recn", KNOWN, "There are three.", "{!r}") == "Did you mean 'recon'?"
    assert meant("zzz", KNOWN, "There are three.", "--{}") == "There are three."
    assert meant("rec", KNOWN, "no", cutoff=0.9) == "no"


def test_a_hint_has_all_names_that_may_be_meant():
    assert one_of(["a.lr", "b.lr"], "no", "--{}") == "Did you mean --a.lr or --b.lr?"
    assert one_of([], "There are three.") == "There are three."
