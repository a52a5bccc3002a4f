"""A toy environment, a small agent for it, and a run of the trainer with all that it tells."""

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict

from coral_cli.plugin import ObjectiveOptions, PolicyInputs, Sensor
from coral_cli.policies.options import SacOptions
from coral_cli.policies.sac import Sac
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.losses.reconstruction import Reconstruction, VectorDecoder
from coral_cli.representation.objective import Representation, Term
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm
from coral_cli.training.agent import Agent
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import OneByOne
from coral_cli.training.interruption import Interruption
from coral_cli.training.learner import Learner, LearnerOptions
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Schedule, Trainer
from coral_cli.training.updates import Updates

SENSORS = {"place": Sensor("place", "vector", (2,))}
LENGTH, REPEAT = 9, 2


class Walk(gymnasium.Env):
    """A point on a line with a seeded start; the reward is its closeness to 0."""

    observation_space = Dict(place=Box(-np.inf, np.inf, (2,), np.float32))
    action_space = Box(-1, 1, (1,), np.float32)
    action_repeat = REPEAT

    def reset(self, *, seed=None, options=None):
        self._place, self._steps = np.random.default_rng(seed).uniform(-1, 1), 0
        return self._observe(), {}

    def step(self, action):
        self._place, self._steps = self._place + 0.2 * float(action[0]), self._steps + 1
        return self._observe(), -abs(self._place), False, self._steps == LENGTH, {"metrics": {"success": 1.0}}

    def _observe(self):
        return {"place": np.array([self._place, 7.0], np.float32)}


def learner(lr=1e-3, **options):
    return Learner(agent(), LearnerOptions(lr, options.pop("clip", 10.0), **options))


def agent():
    torch.manual_seed(0)
    rssm = GruRssm(6, 1, 8, 4, 8, Gaussians(0.1), 8, 1)
    loss = Term(Reconstruction(VectorDecoder(12, 2, 8, 1), 1.0))
    model = Representation(
        SENSORS, {"place": MlpEncoder(2, 6, 1)}, rssm, {"place": loss}, ObjectiveOptions(), HeadSizes(), 1
    )
    policy = Sac(PolicyInputs(12), 1, SacOptions(hidden=8, layers=1))
    return Agent(model, policy, SENSORS, 1, torch.device("cpu"))


class Run:
    """A trainer, with everything it emitted and saved; ``collector`` and ``evaluator`` are made of an interruption."""

    def __init__(
        self,
        steps=180,
        directory=None,
        lr=1e-3,
        lr_drops=(),
        lr_drop_factor=1.0,
        actor=None,
        collector=lambda _: OneByOne(Walk()),
        evaluator=lambda _: OneByOne(Walk()),
        **schedule,
    ):
        self.events, self.saved, self.interruption = [], [], Interruption()
        values = {
            "steps": steps,
            "seed": 3,
            "random_episodes": 2,
            "updates_per_step": 0.5,
            "batch_size": 4,
            "batch_length": 5,
            "eval_every": 4,
            "eval_episodes": 3,
            "checkpoint_every": 3,
            "film_every": 0,
            "crop_margin": 0,
        }
        plan, self.collector = Schedule(**(values | schedule)), collector(self.interruption)
        self.learner = learner(lr, lr_drops=lr_drops, lr_drop_factor=lr_drop_factor)
        updates = Updates(self.learner, Replay(SENSORS, 1, 500, directory), plan)
        self.async_collection = actor and AsyncCollection(self.collector, actor, self.interruption.__bool__)
        self.trainer = Trainer(updates, self.collector, evaluator(self.interruption), plan, self, self.async_collection)

    def emit(self, event):
        self.events.append(event)

    def save(self, state, best):
        self.saved.append(state)
        return "best.pt" if best else "latest.pt"

    def of(self, kind):
        return [event for event in self.events if event.kind == kind]


def finished(**schedule):
    run = Run(**schedule)
    run.trainer.run()
    return run
