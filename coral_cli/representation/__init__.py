"""The paper, readable beside it: encoders, RSSM, losses, objective."""
