"""From flags and a catalog to a frozen, fully resolved assembly, and from that to built objects."""
