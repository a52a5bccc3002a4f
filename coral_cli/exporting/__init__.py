"""A trained agent as a program of its own: one step of its policy for torch and ONNX Runtime, and what to know of it.

It must not know flags, displays or how an agent is found: it is given one.
"""
