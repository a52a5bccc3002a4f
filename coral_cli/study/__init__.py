"""Studies: plans of many runs, and how they are carried out on an engine.

It starts runs as programs of their own, so it must not know what trains them, nor commands or report.
"""
