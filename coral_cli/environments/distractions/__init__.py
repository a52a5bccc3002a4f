"""Distractions: what makes images and vectors hard. Importing this imports neither mujoco nor av.

They see an environment through the contract of scenes, and must not know a task, nor any room but the registry.
"""
