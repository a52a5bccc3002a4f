"""What the runs of a sweep are done on: this machine. Others are plugins.

It knows ``coral_cli.plugin`` alone, as they do.
"""
