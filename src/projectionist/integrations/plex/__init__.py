"""Plex Media Server and plex.tv."""
