"""Recordings in others' formats, made datasets: what is read, by whatever reader, becomes rows in one place.

It must not know how a format is read: that is a plugin's.
"""
