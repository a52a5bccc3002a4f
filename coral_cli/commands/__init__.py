"""The commands, one file each: from what was written to what a session is asked for.

They may know every room, the test kit for ``plugins check`` alone; only ``app.py`` knows them.
"""
