"""The benchmark of encoders runs, and times what it says."""

import importlib
import re
import sys
from pathlib import Path

import torch


def test_every_encoder_has_a_row(monkeypatch, capsys):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    encoders = importlib.import_module("encoders")
    monkeypatch.setattr(encoders, "FRAMES", 3)
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", ["encoders.py", "--repeats", "1", "--threads", "1", "--image-size", "32,48"])
    try:
        encoders.main()
    finally:
        torch.set_num_threads(threads)
    first, _, *rows = capsys.readouterr().out.splitlines()
    assert first == "3 images of 32x48, fp32, 1 threads"
    assert [re.split(r"\s{2,}", row)[0] for row in rows] == list(encoders.VARIANTS)
    assert all(float(row.split()[-2]) > 0 for row in rows)
