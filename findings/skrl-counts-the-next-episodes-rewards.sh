#!/usr/bin/env bash
# skrl's PPO goes on over time limits unless told not to: with time_limit_bootstrap=False, the default ("whether to bootstrap at timeout
# termination"), a truncated episode is not one that ends without bootstrapping, as the name says, but one that does not end. Its last
# step is followed by the first of the next episode, so the generalized advantages of its actions are made of rewards which they did not
# bring about. Where the first of two episodes pays nothing and the second pays 100 at its first step, with gamma 0.9, lambda 1 and values
# of 0, the returns of the first are 72.9, 81 and 90. With True they are 0, and terminated episodes are kept apart either way. A2C, RPO
# and TRPO compute them by the same lines.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip --disable-pip-version-check install -q skrl==2.1.1 gymnasium==1.4.0 torch==2.13.0 numpy==2.4.6
cd "$place"
venv/bin/python - <<'PY' 2>log | grep -v skrl:INFO || { cat log; exit 1; }
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
import torch
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import DeterministicMixin, GaussianMixin, Model
from skrl.trainers.torch import SequentialTrainer

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("skrl", "gymnasium", "torch")))


class Task(gymnasium.Env):
    """Episodes of three steps; the second pays 100 at its first step, and nothing else pays."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    episode = 0

    def __init__(self, terminates):
        self.terminates = terminates

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.steps = self.episode + 1, 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        over = self.steps == 3
        reward = 100.0 if self.episode == 2 and self.steps == 1 else 0.0
        return np.zeros(1, np.float32), reward, over and self.terminates, over and not self.terminates, {}


class Policy(GaussianMixin, Model):
    def __init__(self, **spaces):
        Model.__init__(self, **spaces)
        GaussianMixin.__init__(self)
        self.mean = torch.nn.Parameter(torch.zeros(1))

    def compute(self, inputs, role=""):
        return self.mean.expand(len(inputs["observations"]), 1), {"log_std": torch.zeros(1)}


class Nothing(DeterministicMixin, Model):
    """Value every state at 0."""

    def __init__(self, **spaces):
        Model.__init__(self, **spaces)
        DeterministicMixin.__init__(self)
        self.value = torch.nn.Parameter(torch.zeros(1))

    def compute(self, inputs, role=""):
        return self.value.expand(len(inputs["observations"]), 1), {}


def returns(terminates, bootstrap):
    env = wrap_env(Task(terminates), verbose=False)
    memory = RandomMemory(memory_size=6, num_envs=1, device="cpu")
    spaces = {"observation_space": env.observation_space, "action_space": env.action_space, "device": "cpu"}
    settings = PPO_CFG(rollouts=6, learning_epochs=1, mini_batches=1, discount_factor=0.9, gae_lambda=1.0, time_limit_bootstrap=bootstrap)
    settings.experiment.write_interval = settings.experiment.checkpoint_interval = 0
    agent = PPO(models={"policy": Policy(**spaces), "value": Nothing(**spaces)}, memory=memory, cfg=settings, **spaces)
    SequentialTrainer(env=env, agents=agent, cfg={"timesteps": 6, "headless": True, "disable_progressbar": True}).train()
    return [round(number, 1) for number in memory.get_tensor_by_name("returns").flatten().tolist()]


found = {}
for terminates in (True, False):
    for bootstrap in (False, True):
        found[terminates, bootstrap] = returns(terminates, bootstrap)
        end = "terminated" if terminates else "truncated"
        print(f"{end} after three steps, time_limit_bootstrap={bootstrap}: returns {found[terminates, bootstrap]}")
apart = [0.0, 0.0, 0.0, 100.0, 0.0, 0.0]
if found != {(True, False): apart, (True, True): apart, (False, False): [72.9, 81.0, 90.0, 100.0, 0.0, 0.0], (False, True): apart}:
    sys.exit("it has changed")
PY
