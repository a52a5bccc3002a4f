"""The paper's locomotion tasks: legged robots that see where they go through a camera of their own."""
