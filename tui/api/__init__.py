"""The node's API: one client a node, and every way it can fail."""
