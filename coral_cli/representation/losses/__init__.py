"""Self-supervised losses, one per sensor.

A loss sees a LossBatch: it must not know encoders, RSSMs, the objective that weighs it, or a policy.
"""
