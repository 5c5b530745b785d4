"""Media servers: how they are reached, where their files are on this node, and whether they answer."""
