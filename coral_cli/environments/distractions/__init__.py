"""Distractions: what makes images hard. Importing this imports neither mujoco nor av."""
