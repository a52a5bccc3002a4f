"""Processes that learn one set of weights together. Nothing here knows what they learn."""
