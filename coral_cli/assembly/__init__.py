"""From flags and a catalog to a frozen, fully resolved assembly, and from that to built objects.

It must not know fast, parallel, policies or measuring, nor what runs or shows it: display, report, sessions, commands.
"""
