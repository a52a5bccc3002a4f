#!/usr/bin/env bash
# skrl puts resets into its replay as steps. Gymnasium's vector environments reset, by default, in the step after an episode's end: its
# action is ignored, its reward is 0, and it says that nothing ended. skrl's wrapper passes such rows on, and its trainer has them stored
# like all others: from the last observation of an episode to the first of the next, not terminated. So SAC, TD3, DDPG and DQN learn that
# an episode's last state leads back to the start, for 0. Where each step costs, as in Pendulum, Reacher and goals with a reward of -1, no
# step is better paid. In episodes of 4 steps such rows are a fifth of the replay. A single environment has none, and neither has a vector
# environment made with autoreset_mode=SAME_STEP, but there the rows that end an episode lead to the next one's first observation instead,
# from which truncated ones are bootstrapped.
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
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from skrl.agents.torch.ddpg import DDPG, DDPG_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import DeterministicMixin, Model
from skrl.trainers.torch import SequentialTrainer

print("Python", sys.version.split()[0], *(f"{name} {version(name)}," for name in ("skrl", "gymnasium", "torch")))


class Counter(gymnasium.Env):
    """Observe the number of steps; each costs 1, and the time limit is 4."""

    observation_space = gymnasium.spaces.Box(0, 4, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.full(1, self.steps, np.float32), -1.0, False, self.steps == 4, {}


class Net(DeterministicMixin, Model):
    def __init__(self, **spaces):
        Model.__init__(self, **spaces)
        DeterministicMixin.__init__(self)
        self.value = torch.nn.Parameter(torch.zeros(1))

    def compute(self, inputs, role=""):
        return self.value.expand(len(inputs["observations"]), 1), {}


def rows(env):
    """Train for ten steps, and give what the replay holds of the first environment: observation, next one, reward, terminated."""
    env = wrap_env(env, verbose=False)
    memory = RandomMemory(memory_size=10, num_envs=env.num_envs, device="cpu")
    spaces = {"observation_space": env.observation_space, "action_space": env.action_space, "device": "cpu"}
    settings = DDPG_CFG(learning_starts=100)
    settings.experiment.write_interval = settings.experiment.checkpoint_interval = 0
    names = ("policy", "target_policy", "critic", "target_critic")
    agent = DDPG(models={name: Net(**spaces) for name in names}, memory=memory, cfg=settings, **spaces)
    SequentialTrainer(env=env, agents=agent, cfg={"timesteps": 10, "headless": True, "disable_progressbar": True}).train()
    kept = [memory.get_tensor_by_name(name)[:, 0, 0].tolist() for name in ("observations", "next_observations", "rewards", "terminated")]
    return [(int(before), int(after), reward, over) for before, after, reward, over in zip(*kept)]


right = [(0, 1, -1.0, False), (1, 2, -1.0, False), (2, 3, -1.0, False), (3, 4, -1.0, False)]
expected = {
    "one environment": (right * 3)[:10],
    "vector, NEXT_STEP": [*right, (4, 0, 0.0, False)] * 2,
    "vector, SAME_STEP": ([*right[:3], (3, 0, -1.0, False)] * 3)[:10],
}
environments = {
    "one environment": Counter(),
    "vector, NEXT_STEP": SyncVectorEnv([Counter, Counter]),
    "vector, SAME_STEP": SyncVectorEnv([Counter, Counter], autoreset_mode=AutoresetMode.SAME_STEP),
}
found = {name: rows(environment) for name, environment in environments.items()}
for name, seen in found.items():
    print(f"{name}:", ", ".join(f"{before} to {after} for {reward:g}" for before, after, reward, _ in seen))
print("rows that say terminated:", sum(over for seen in found.values() for *_, over in seen))
if found != expected:
    sys.exit("it has changed")
PY
