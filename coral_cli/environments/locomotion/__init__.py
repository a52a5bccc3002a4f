"""The paper's locomotion tasks: legged robots that see where they go through a camera of their own.

They build on the Control Suite's tasks, and must not know distractions, box pushing or what learns them.
"""
