"""What `make check` runs: the public tools, then the house rules that no public tool knows."""
