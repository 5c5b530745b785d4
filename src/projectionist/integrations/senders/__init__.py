"""Programs that tell us what changed: how each of them puts it."""
