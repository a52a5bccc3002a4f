"""Recurrent state space models, and their latents.

They see embeddings and actions: they must not know sensors, encoders, losses or the objective.
"""
