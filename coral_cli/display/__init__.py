"""What a person sees while a run goes on and when it is over: dashboard, plain lines, JSON lines, tables.

It knows events and run directories alone (registry, runs), and nothing of what made them.
"""
