"""One invocation each: an assembly, a trainer, a run directory and a display, put together.

It must not know commands or report, nor what the assembly builds: fast, representation, policies.
"""
