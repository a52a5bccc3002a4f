"""Policies that act and learn on the representation's features.

They know registry, parallel and representation alone: no environment, no replay and no training loop.
"""
