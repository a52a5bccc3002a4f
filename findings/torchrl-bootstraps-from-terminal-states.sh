#!/usr/bin/env bash
# TorchRL's n-step returns bootstrap from states that have no future. MultiStep (and MultiStepTransform, in a replay buffer) sums rewards
# up to an episode's end and puts the observation found there into "next", but leaves "terminated" and "done" as they were one step ahead.
# So the rows from which the end is two to n steps away lead to the terminal observation and say that nothing ended, and the losses, which
# read "terminated", add gamma^k times the value of that observation: a number that nothing ever trains, as it is no row's own. In an
# episode of 6 steps that pay 1, where a value network says 0 but 100 for the terminal state, 3-step targets of gamma 0.9 are 75.61 and
# 82.9 where 2.71 and 1.9 are right; with n_steps=1 there is no such row. The key "nonterminal" is True in these rows, too, and no loss
# reads it. Take both flags from the row that is steps_to_next_obs - 1 further on.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q torchrl==0.14.1 tensordict==0.14.3 torch==2.13.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PY' 2>"$place/log" | grep -v '\[INFO\]' || { cat "$place/log"; exit 1; }
import sys
from importlib.metadata import version

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torchrl.data import LazyTensorStorage, TensorDictReplayBuffer
from torchrl.data.postprocs import MultiStep
from torchrl.envs.transforms import MultiStepTransform
from torchrl.objectives.value import TD0Estimator

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("torchrl", "tensordict", "torch")))
STEPS, GAMMA = 6, 0.9


class Value(torch.nn.Module):
    """Say 100 of the terminal observation, which is 6, and 0 of all others."""

    def forward(self, observation):
        return torch.where(observation == STEPS, 100.0, 0.0)


def column(values):
    return torch.tensor(values).unsqueeze(-1)


over = column([False] * (STEPS - 1) + [True])
after = {"observation": column([float(i) for i in range(1, STEPS + 1)]), "reward": torch.ones(STEPS, 1), "done": over, "terminated": over}
episode = TensorDict({"observation": column([float(i) for i in range(STEPS)]), "next": after}, [STEPS])
value = TensorDictModule(Value(), in_keys=["observation"], out_keys=["state_value"])
estimator = TD0Estimator(gamma=GAMMA, value_network=value)


def rows(n, in_replay):
    if not in_replay:
        return MultiStep(gamma=GAMMA, n_steps=n)(episode.clone()[None])[0]
    replay = TensorDictReplayBuffer(storage=LazyTensorStorage(20), transform=MultiStepTransform(n_steps=n, gamma=GAMMA))
    replay.extend(torch.cat([episode, episode]))
    return replay[:][:STEPS]


found = {}
for name, n, in_replay in (("MultiStep", 1, False), ("MultiStep", 3, False), ("MultiStepTransform", 3, True)):
    seen = rows(n, in_replay)
    targets = [round(number, 2) for number in estimator.value_estimate(seen).flatten().tolist()]
    flags = seen["next", "terminated"].flatten().int().tolist()
    print(f"{name}, n_steps={n}: next observations {seen['next', 'observation'].flatten().int().tolist()}, terminated {flags}, targets {targets}")
    found[name, n] = targets
right = [round(sum(GAMMA**k for k in range(min(3, STEPS - i))), 2) for i in range(STEPS)]
print("right for n_steps=3:", right)
wrong = [*right[:3], 75.61, 82.9, 1.0]
if found != {("MultiStep", 1): [1.0] * STEPS, ("MultiStep", 3): wrong, ("MultiStepTransform", 3): wrong}:
    sys.exit("it has changed")
PY
