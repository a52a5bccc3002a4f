"""Encoders: one sensor to one embedding."""
