"""The paper, readable beside it: encoders, RSSM, losses, heads, objective, in plain torch.

It knows registry, fast and parallel alone: no environment, no policy, no replay.
"""
