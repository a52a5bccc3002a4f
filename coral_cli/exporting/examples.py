"""The scripts that come with an exported agent: twenty lines that run it where there is no coral."""

from __future__ import annotations

from coral_cli.runs.package import ONNX, TORCH

_TORCH = '''"""Runs the agent beside this file without coral, on made-up observations: needs torch alone."""

import json
from pathlib import Path

import torch

here = Path(__file__).parent
card = json.loads((here / "agent.json").read_text(encoding="utf-8"))
program = torch.export.load(here / "policy.pt2").module()
state = {name: torch.zeros(1, *shape) for name, shape in card["state"].items()}  # anew for each episode
with torch.inference_mode():
    for step in range(5):
        observation, valid = {}, {}
        for name, sensor in card["sensors"].items():
            observation[name] = torch.zeros(1, *sensor["shape"], dtype=getattr(torch, sensor["dtype"]))  # yours
            valid[name] = torch.tensor([step != 3])  # False: it gave nothing, and its value does not matter
        noise = {
            name: (torch.randn if about["kind"] == "normal" else torch.rand)(1, *about["shape"])
            for name, about in card["noise"].items()
        }
        action, state = program(observation, valid, state, noise)  # state["action"] may become what was really done
        print(step, action[0].tolist())
'''

_ONNX = '''"""Runs the agent beside this file without coral, on made-up observations: needs numpy and onnxruntime."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

here, random = Path(__file__).parent, np.random.default_rng()
card = json.loads((here / "agent.json").read_text(encoding="utf-8"))
program = onnxruntime.InferenceSession(str(here / "policy.onnx"), providers=["CPUExecutionProvider"])
state = {name: np.zeros((1, *shape), np.float32) for name, shape in card["state"].items()}  # anew for each episode
for step in range(5):
    feed = {f"state.{name}": value for name, value in state.items()}
    for name, sensor in card["sensors"].items():
        feed[f"observation.{name}"] = np.zeros((1, *sensor["shape"]), sensor["dtype"])  # yours
        feed[f"valid.{name}"] = np.array([step != 3])  # False: it gave nothing, and its value does not matter
    for name, about in card["noise"].items():
        draw = random.standard_normal if about["kind"] == "normal" else random.random
        feed[f"noise.{name}"] = draw((1, *about["shape"])).astype(np.float32)
    action, *after = program.run(None, feed)
    state = dict(zip(state, after))  # state["action"] may become what was really done
    print(step, action[0].tolist())
'''

EXAMPLES = {TORCH: _TORCH, ONNX: _ONNX}
"""The script of each program."""
