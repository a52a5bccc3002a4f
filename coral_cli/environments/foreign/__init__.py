"""Environments that nobody wrote for coral: any Gymnasium id, any Python callable that returns an environment.

It must not know coral's own tasks or distractions, nor any room but the registry.
"""
