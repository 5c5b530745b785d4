"""Services that carry messages out of the house."""
