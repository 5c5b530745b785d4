"""Measures Projectionist against its rival's own commands and against the floor that decoding sets."""
