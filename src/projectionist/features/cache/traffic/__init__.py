"""What moves share: disks and their lanes, hours and rates, and the list for the host's mover."""
