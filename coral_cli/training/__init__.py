"""Training and evaluation: replay, collection, updates, interruption.

It is handed what is built: it must not know policies, assembly, measuring, display, report, sessions or commands.
"""
