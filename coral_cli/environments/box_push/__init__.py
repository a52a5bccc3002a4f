"""Box pushing: a 7-joint arm with a rod pushes a tray to a target position and yaw.

It must not know other tasks or distractions, nor any room but the registry.
"""
