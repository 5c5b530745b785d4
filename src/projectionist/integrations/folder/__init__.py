"""A folder of media, seen as a media server."""
