"""Run directories: events, metrics, checkpoints, datasets, videos.

It knows the registry alone: neither how runs are trained nor how they are shown; torch is imported within functions.
"""
