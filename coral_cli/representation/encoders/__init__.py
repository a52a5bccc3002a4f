"""Encoders: one sensor to one embedding.

They must not know other sensors, RSSMs, losses or the objective.
"""
