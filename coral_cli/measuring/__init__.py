"""What is waited for: updates, environments, and the memory traffic between them.

It must not know fast or policies, nor what chooses and shows: assembly, display, report, sessions, commands.
"""
