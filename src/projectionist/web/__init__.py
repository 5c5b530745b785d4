"""The shell around every page: layout, assets, guards, live events, error pages. It names no feature."""
