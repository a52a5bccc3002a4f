"""Recurrent state space models."""
