"""What a latent holds: the simulator's state, the distraction, pictures; what it foresees, and what it looks at.

It knows registry, representation, runs and training. It must not know assembly, sessions or commands.
"""
