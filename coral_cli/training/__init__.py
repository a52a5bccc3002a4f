"""Training and evaluation: replay, collection, updates, interruption."""
