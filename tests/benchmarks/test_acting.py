"""The benchmark of acting runs, and times every form of a step."""

import importlib
import json
import sys
from pathlib import Path

import pytest
import torch


@pytest.mark.slow
def test_every_form_of_a_step_is_timed(monkeypatch, capsys):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    acting = importlib.import_module("acting")
    monkeypatch.setattr(acting, "BLOCK", 2)
    monkeypatch.setattr(sys, "argv", ["acting.py", "--size", "tiny", "--repeats", "1", "--json"])
    threads = torch.get_num_threads()
    try:
        acting.main()
    finally:
        torch.set_num_threads(threads)
    results = {each["name"]: each for each in json.loads(capsys.readouterr().out)["results"]}
    assert results.keys() >= {"textbook", "load_agent", "agent in training", "torch program"}
    assert results["textbook"]["times_faster"] == 1.0
    assert all(each["median"] >= each["least"] >= 0 for each in results.values())
