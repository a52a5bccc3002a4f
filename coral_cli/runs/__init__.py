"""Run directories: events, metrics, checkpoints, videos."""
