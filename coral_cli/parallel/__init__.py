"""Processes that learn one set of weights together.

It knows the registry alone, and nothing of what they learn.
"""
