"""What is waited for: updates, environments, and the memory traffic between them."""
