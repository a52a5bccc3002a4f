"""Policies that act and learn on the representation's features."""
