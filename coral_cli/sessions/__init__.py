"""One invocation each: an assembly, a trainer, a run directory and a display, put together."""
