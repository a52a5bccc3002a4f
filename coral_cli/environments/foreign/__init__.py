"""Environments that nobody wrote for coral: any Gymnasium id, any Python callable that returns an environment."""
