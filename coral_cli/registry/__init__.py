"""What is installed: hook specifications, component records, options, discovery, catalog."""
