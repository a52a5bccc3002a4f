"""Self-supervised losses, one per sensor."""
