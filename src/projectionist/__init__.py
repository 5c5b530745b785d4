"""Projectionist: the crew behind a home media server."""

__version__ = "0.1.0"
