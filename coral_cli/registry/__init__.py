"""What is installed: hooks, component records, contracts, options, run events, errors, discovery, catalog.

It knows no other room, nor what components compute or who asks for them; torch is imported for types alone.
"""
