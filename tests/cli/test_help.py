"""Help that depends on what is chosen, and fits."""

from __future__ import annotations

import re

import pytest

import coral_cli


@pytest.mark.parametrize("width", [30, 45, 60, 80, 120])
def test_help_fits_and_cuts_no_name_off(width: int, coral) -> None:
    out = coral("train", "--help", width=width).out
    assert "\u2026" not in out
    assert re.search(r"^ *--objective\.representation FLOAT$", out, re.MULTILINE)
    longest = max((line for line in out.splitlines() if "--" not in line), key=len)
    assert len(longest) <= width


def test_help_lists_exactly_the_chosen_components_options(coral) -> None:
    out = coral("train", "--image-loss", "byol", "-h").out
    options = re.findall(r"^ *--image-loss\.([\w-]+)", out, re.MULTILINE)
    assert options == ["weight", "temperature", "symmetric", "decay"]
    assert "--image-loss byol (coral-byol 2.0)" in out
    assert "--image-loss.symmetric / --image-loss.no-symmetric" in out


def test_a_shorthand_changes_the_defaults_that_help_shows(coral) -> None:
    def default(*words: str) -> str:
        out = re.sub(r"\s+", " ", coral("train", *words, "--help").out)
        return re.search(r"--rssm\.gru INT .*?\[default: (\d+)\]", out)[1]

    assert default() == "200"
    assert default("--size", "small") == "128"
    assert default("--rssm.gru", "7") == "200", "what is given is no default"


def test_help_says_the_default_of_a_slot_not_what_was_chosen(coral) -> None:
    out = re.sub(r"\s+", " ", coral("train", "--image-loss", "byol", "--help").out)
    assert re.search(r"--image-loss NAME [^\[]*\[default: cpc\]", out)
    out = re.sub(r"\s+", " ", coral("train", "--method", "v-coral", "--help").out)
    assert re.search(r"--image-loss NAME [^\[]*\[default: cv\]", out)
    assert re.search(r"--objective NAME [^\[]*\[default: variational\]", out)


def test_a_group_alone_shows_its_help(coral) -> None:
    assert coral() == coral("--help")
    assert "Usage: coral plugins" in coral("plugins").out


def test_version(coral) -> None:
    assert coral("--version").out == f"coral {coral_cli.__version__}\n"
