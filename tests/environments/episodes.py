"""Short episodes of seeded random actions, byte by byte."""

import numpy as np


def actions_of(environment, count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *environment.action_space.shape)).astype(np.float32)


def episode(environment, seed, steps=4):
    """Everything that is seen and earned, to be compared."""
    observation, _ = environment.reset(seed=seed)
    trace = [observation["image"].tobytes(), observation["proprio"].tobytes()]
    for action in actions_of(environment, steps):
        observation, reward, *_ = environment.step(action)
        trace += [observation["image"].tobytes(), observation["proprio"].tobytes(), reward]
    return trace
